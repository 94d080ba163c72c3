//! Accounts that a RUN creates: `useradd`, `adduser`, `groupadd`, `addgroup`.

use super::scope::Account;

/// The account that a command creates, if it is one that does. `words` are the command's words, none for one that is
/// not literal; `group` gives the number of a group by its name.
pub(super) fn created_user(words: &[Option<&str>], group: &dyn Fn(&str) -> Option<u32>) -> Option<Account> {
    let program = base_name(words.first().copied().flatten()?);
    let options = match program {
        "useradd" => Options::read(
            words,
            &[
                "-b", "-c", "-d", "-e", "-f", "-g", "-G", "-k", "-K", "-p", "-R", "-s", "-u",
            ],
        ),
        // Debian's adduser has long options, BusyBox's short ones; -S and -D take no value in either.
        "adduser" => Options::read(words, &["-h", "-g", "-s", "-G", "-u", "-k"]),
        _ => return None,
    };
    let name = options.operands.first().copied().flatten()?;
    let uid = options.value(&["-u", "--uid"]).and_then(|value| value.parse().ok());
    let group_word = match program {
        "useradd" => options.value(&["-g", "--gid"]),
        _ => options.value(&["-G", "--ingroup", "--gid"]),
    };
    let gid = group_word.and_then(|value| value.parse().ok().or_else(|| group(value)));
    // Debian's useradd makes no home unless told to; adduser does unless told not to.
    let makes_home = match program {
        "useradd" => options.has(&["-m", "--create-home"]),
        _ => !options.has(&["-H", "--no-create-home"]),
    };
    let home = options.value(&[
        "-d",
        "--home-dir",
        "--home",
        if program == "adduser" { "-h" } else { "-d" },
    ]);
    let base = (program == "useradd")
        .then(|| options.value(&["-b", "--base-dir"]))
        .flatten();
    let base = base.unwrap_or("/home").trim_end_matches('/');
    let home = makes_home.then(|| home.map_or_else(|| format!("{base}/{name}"), str::to_owned));
    Some(Account {
        name: name.to_owned(),
        uid,
        gid,
        home,
    })
}

/// The name and number of the group that a command creates, if it is one that does and gives it a number.
pub(super) fn created_group(words: &[Option<&str>]) -> Option<(String, u32)> {
    let program = base_name(words.first().copied().flatten()?);
    if !matches!(program, "groupadd" | "addgroup") {
        return None;
    }
    let options = Options::read(words, &["-g", "-K", "-p", "-R", "-P", "-U"]);
    let number = options.value(&["-g", "--gid"])?.parse().ok()?;
    Some((options.operands.first().copied().flatten()?.to_owned(), number))
}

fn base_name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

/// The words of a command, told apart into options and operands.
struct Options<'a> {
    options: Vec<(&'a str, Option<&'a str>)>,
    operands: Vec<Option<&'a str>>,
}

impl<'a> Options<'a> {
    /// `with_value` are the short options that take the next word; of the long ones, these programs' that do.
    fn read(words: &[Option<&'a str>], with_value: &[&str]) -> Options<'a> {
        const LONG: [&str; 16] = [
            "--base-dir",
            "--comment",
            "--conf",
            "--expiredate",
            "--firstuid",
            "--gecos",
            "--gid",
            "--groups",
            "--home",
            "--home-dir",
            "--inactive",
            "--ingroup",
            "--password",
            "--shell",
            "--skel",
            "--uid",
        ];
        let mut result = Options {
            options: Vec::new(),
            operands: Vec::new(),
        };
        let mut rest = words.iter().skip(1).copied();
        while let Some(word) = rest.next() {
            let Some(text) = word.filter(|text| text.starts_with('-') && text.len() > 1) else {
                result.operands.push(word);
                continue;
            };
            if let Some((name, value)) = text.split_once('=').filter(|_| text.starts_with("--")) {
                result.options.push((name, Some(value)));
            } else if text.starts_with("--") {
                let value = if LONG.contains(&text) {
                    rest.next().flatten()
                } else {
                    None
                };
                result.options.push((text, value));
            } else {
                result.cluster(text, with_value, &mut rest);
            }
        }
        result
    }

    /// Reads `-rmu 1000` letter by letter.
    fn cluster(&mut self, text: &'a str, with_value: &[&str], rest: &mut dyn Iterator<Item = Option<&'a str>>) {
        for (at, letter) in text.char_indices().skip(1) {
            let Some(known) = with_value.iter().find(|option| option.ends_with(letter)) else {
                self.options.push((
                    FLAGS.iter().find(|flag| flag.ends_with(letter)).copied().unwrap_or("-"),
                    None,
                ));
                continue;
            };
            let attached = text
                .get(at + letter.len_utf8()..)
                .filter(|attached| !attached.is_empty());
            let name = OPTIONS.iter().find(|option| *option == known).copied().unwrap_or("-");
            self.options.push((name, attached.or_else(|| rest.next().flatten())));
            return;
        }
    }

    fn value(&self, names: &[&str]) -> Option<&'a str> {
        self.options
            .iter()
            .find(|(name, _)| names.contains(name))
            .and_then(|(_, value)| *value)
    }

    fn has(&self, names: &[&str]) -> bool {
        self.options.iter().any(|(name, _)| names.contains(name))
    }
}

/// Short options without a value that matter here.
const FLAGS: [&str; 3] = ["-m", "-M", "-H"];
/// Short options with a value that matter here.
const OPTIONS: [&str; 6] = ["-u", "-g", "-G", "-d", "-h", "-b"];

#[cfg(test)]
mod tests {
    use super::*;

    fn user(command: &str) -> Option<Account> {
        let words: Vec<_> = command
            .split(' ')
            .map(|word| (!word.starts_with('$')).then_some(word))
            .collect();
        created_user(&words, &|name| (name == "staff").then_some(50))
    }

    fn account(name: &str, uid: Option<u32>, gid: Option<u32>, home: Option<&str>) -> Option<Account> {
        Some(Account {
            name: name.into(),
            uid,
            gid,
            home: home.map(str::to_owned),
        })
    }

    #[test]
    fn debian() {
        assert_eq!(
            user("useradd -m -u 1000 app"),
            account("app", Some(1000), None, Some("/home/app"))
        );
        assert_eq!(
            user("useradd --create-home --uid=1001 app"),
            account("app", Some(1001), None, Some("/home/app"))
        );
        assert_eq!(
            user("useradd -rmu 999 -g staff -d /srv/app app"),
            account("app", Some(999), Some(50), Some("/srv/app"))
        );
        assert_eq!(user("useradd -r app"), account("app", None, None, None));
        assert_eq!(
            user("useradd -u $UID -m app"),
            account("app", None, None, Some("/home/app"))
        );
        assert_eq!(
            user("useradd -m -b /srv app"),
            account("app", None, None, Some("/srv/app"))
        );
        let debian = "adduser --disabled-password --gecos none --uid 1000 --gid 100 app";
        assert_eq!(user(debian), account("app", Some(1000), Some(100), Some("/home/app")));
        assert_eq!(user("usermod -u 1000 app"), None);
    }

    #[test]
    fn busybox() {
        assert_eq!(
            user("adduser -D -u 1000 -G staff app"),
            account("app", Some(1000), Some(50), Some("/home/app"))
        );
        assert_eq!(user("adduser -S -H app"), account("app", None, None, None));
        assert_eq!(user("adduser -D -h /srv app"), account("app", None, None, Some("/srv")));
    }

    #[test]
    fn groups() {
        let words = |text: &'static str| text.split(' ').map(Some).collect::<Vec<_>>();
        assert_eq!(
            created_group(&words("groupadd -r -g 1000 app")),
            Some(("app".into(), 1000))
        );
        assert_eq!(created_group(&words("addgroup --gid 5 app")), Some(("app".into(), 5)));
        assert_eq!(created_group(&words("groupadd app")), None);
    }
}

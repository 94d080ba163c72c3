use super::*;

#[test]
fn bundler() {
    check(Manager::Bundler, &[
        Case {
            name: "manifest, lock file, version",
            files: &[("Gemfile", "source 'https://example.org'\nruby file: '.ruby-version'\ngem 'rails'\n"), ("Gemfile.lock", "GEM\n"),
                (".ruby-version", "3.3"), ("app/x.rb", "")],
            command: "$ install --jobs 4",
            expected: "files .ruby-version Gemfile Gemfile.lock",
        },
        Case {
            name: "gems of the context, also from the lock file alone; another Gemfile",
            files: &[
                ("Gemfile", "gem 'a', path: 'gems/a'\neval_gemfile 'extra/Gemfile'\n"),
                ("extra/Gemfile", "gem 'x'"), ("Gemfile.lock", "PATH\n  remote: engines/b\n  specs:\n"),
                ("gems/a/a.gemspec", ""), ("engines/b/b.gemspec", ""), ("vendor/cache/x.gem", ""),
            ],
            command: "$ -",
            expected: "
                files Gemfile Gemfile.lock engines/b/ extra/Gemfile gems/a/ vendor/cache/
                PathDependency engines/b
                PathDependency gems/a",
        },
        Case {
            name: "the project is a gem",
            files: &[("Gemfile", "gemspec\n"), ("x.gemspec", ""), ("lib/x.rb", "")],
            command: "$ install",
            expected: "files Gemfile x.gemspec\nProject the root of the context\nfirst impossible",
        },
        Case {
            name: "a Gemfile that reads a file that is there, and one that globs",
            files: &[("Gemfile", "ruby File.read('.ruby-version').strip\ngem 'a'"), (".ruby-version", "3")],
            command: "$ install",
            expected: "files .ruby-version Gemfile",
        },
        Case {
            name: "globs",
            files: &[("Gemfile", "Dir.glob('plugins/*').each { |p| gem p }")],
            command: "$ install",
            expected: "
                files Gemfile
                unknown Gemfile is code, and what `Dir.glob('plugins/*').each { |p| gem p }` reads shows only when it runs",
        },
    ]);
    let text = "gem 'rails'\ngroup :development, :test do\n  gem 'rspec'\nend\ngem 'puma', group: :production\n";
    assert_eq!(
        declared(Manager::Bundler, &[("Gemfile", text)]),
        "production:puma default:rails development:rspec!"
    );
}

use super::*;

#[test]
fn composer() {
    check(
        Manager::Composer,
        &[
            Case {
                name: "no scripts, no class map: the manifests are all",
                files: &[
                    (
                        "composer.json",
                        r#"{"autoload": {"psr-4": {"App\\": "src/"}, "files": ["h.php"]}}"#,
                    ),
                    ("composer.lock", "{}"),
                    ("h.php", ""),
                ],
                command: "$ install --no-dev",
                expected: "files composer.json composer.lock",
            },
            Case {
                name: "an optimized autoloader reads the sources",
                files: &[
                    ("composer.json", r#"{"autoload": {"psr-4": {"App\\": "src/"}}}"#),
                    ("composer.lock", "{}"),
                ],
                command: "$ install -o",
                expected: "
                files composer.json composer.lock
                Project the root of the context
                first + --no-scripts --no-autoloader",
            },
            Case {
                name: "scripts of the event that happens",
                files: &[
                    (
                        "composer.json",
                        r#"{"scripts": {"post-autoload-dump": ["@php artisan package:discover"], "post-create-project-cmd": "x"}}"#,
                    ),
                    ("composer.lock", "{}"),
                ],
                command: "$ install",
                expected: "
                files composer.json composer.lock
                Script the root of the context
                first + --no-scripts --no-autoloader",
            },
            Case {
                name: "scripts of an update don't run with a lock file, nor any with --no-scripts",
                files: &[
                    ("composer.json", r#"{"scripts": {"post-update-cmd": "x"}}"#),
                    ("composer.lock", "{}"),
                ],
                command: "$ install",
                expected: "files composer.json composer.lock",
            },
            Case {
                name: "path repositories, patches",
                files: &[
                    (
                        "composer.json",
                        r#"{"repositories": [{"type": "path", "url": "packages/*"}], "require": {"cweagans/composer-patches": "1"},
                    "extra": {"patches": {"a/b": {"Fix": "patches/x.patch"}}}}"#,
                    ),
                    ("packages/a/composer.json", ""),
                    ("patches/x.patch", ""),
                ],
                command: "$ install --no-scripts --no-autoloader",
                expected: "files composer.json packages/a/ patches/\nPathDependency packages/a",
            },
        ],
    );
    let text =
        r#"{"require": {"php": ">=8", "ext-pdo": "*", "Symfony/Yaml": "7"}, "require-dev": {"phpunit/phpunit": "11"}}"#;
    assert_eq!(
        declared(Manager::Composer, &[("composer.json", text)]),
        "require-dev:phpunit/phpunit! require:symfony/yaml"
    );
}

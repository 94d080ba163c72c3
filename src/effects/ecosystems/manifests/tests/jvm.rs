use super::*;

#[test]
fn maven() {
    check(
        Manager::Maven,
        &[
            Case {
                name: "downloads read the POM and the settings",
                files: &[
                    ("pom.xml", "<project xmlns='urn:x'/>"),
                    (".mvn/jvm.config", ""),
                    ("mvnw", ""),
                    ("src/A.java", ""),
                ],
                command: "$ dependency:go-offline -B",
                expected: "files .mvn/ mvnw pom.xml",
            },
            Case {
                name: "modules, a parent beside them, a jar and a repository of the context",
                files: &[
                    (
                        "pom.xml",
                        "<project><modules><module>a</module><module>b/pom-b.xml</module></modules></project>",
                    ),
                    (
                        "a/pom.xml",
                        "<project><parent><relativePath>../parent</relativePath></parent><dependencies><dependency>\
                    <systemPath>${project.basedir}/lib/x.jar</systemPath></dependency></dependencies></project>",
                    ),
                    ("a/lib/x.jar", ""),
                    (
                        "parent/pom.xml",
                        "<project><modules><module>gone</module></modules></project>",
                    ),
                    (
                        "b/pom-b.xml",
                        "<project><repositories><repository><url>file://${basedir}/repo</url></repository></repositories></project>",
                    ),
                    ("b/repo/y.jar", ""),
                ],
                command: "$ package -DskipTests",
                expected: "
                files a/lib/x.jar a/pom.xml b/pom-b.xml b/repo/ parent/pom.xml pom.xml
                Project the root of the context
                members a b
                first impossible",
            },
            Case {
                name: "a single module has a step for its dependencies",
                files: &[(
                    "svc/pom.xml",
                    "<project><parent><groupId>g</groupId></parent></project>",
                )],
                command: "$ clean package -f svc/pom.xml",
                expected: "files svc/pom.xml\nProject svc\nfirst mvn -B dependency:go-offline",
            },
            Case {
                name: "not XML",
                files: &[("pom.xml", "<project>")],
                command: "$ dependency:resolve",
                expected: "files pom.xml\nunknown pom.xml cannot be parsed: the root node was opened but never closed",
            },
        ],
    );
    let text = "<project><dependencies><dependency><groupId>g</groupId><artifactId>a</artifactId></dependency>\
        <dependency><groupId>g</groupId><artifactId>t</artifactId><scope>test</scope></dependency></dependencies></project>";
    assert_eq!(declared(Manager::Maven, &[("pom.xml", text)]), "compile:g:a test:g:t!");
}

#[test]
fn gradle() {
    check(Manager::Gradle, &[
        Case {
            name: "projects of the settings, applied scripts, jars, the catalog",
            files: &[
                ("settings.gradle.kts", "rootProject.name = \"x\"\ninclude(\":app\", \":libs:core\")\nincludeBuild(\"logic\")\n"),
                ("build.gradle.kts", "apply(from = \"gradle/common.gradle\")"),
                ("gradle/common.gradle", ""), ("gradle/libs.versions.toml", ""), ("gradlew", ""), ("gradle.properties", ""),
                ("app/build.gradle", "dependencies { implementation fileTree(dir: 'jars', include: ['*.jar']) }"),
                ("app/jars/a.jar", ""), ("app/src/A.java", ""),
                ("libs/core/build.gradle.kts", ""), ("logic/settings.gradle", ""), ("buildSrc/src/B.java", ""),
            ],
            command: "$ dependencies --no-daemon",
            expected: "
                files app/build.gradle app/jars/ build.gradle.kts buildSrc/ gradle.properties gradle/ gradlew libs/core/build.gradle.kts logic/ settings.gradle.kts
                members app libs libs/core",
        },
        Case {
            name: "a build, with a script that runs programs",
            files: &[("build.gradle", "version = 'git describe'.execute().text")],
            command: "$ build -x test",
            expected: "
                files build.gradle
                Project the root of the context
                unknown build.gradle runs other programs (execute), and what those read is not known
                first impossible",
        },
        Case {
            name: "projects found by a loop",
            files: &[("settings.gradle", "rootDir.eachDir { include it.name }"), ("build.gradle", "")],
            command: "$ :app:dependencies",
            expected: "
                files build.gradle settings.gradle
                unknown settings.gradle uses eachDir, so which projects it has shows only when it runs",
        },
    ]);
}

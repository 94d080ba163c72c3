use super::*;

#[test]
fn dotnet() {
    check(Manager::Dotnet, &[
        Case {
            name: "a project, what it refers to, and the files around",
            files: &[
                ("src/App/App.csproj", "<Project Sdk='x'><Import Project='..\\Common.props'/><ItemGroup>\
                    <ProjectReference Include='..\\Lib\\Lib.fsproj'/></ItemGroup></Project>"),
                ("src/Lib/Lib.fsproj", "<Project/>"), ("src/Common.props", "<Project/>"),
                ("Directory.Build.props", "<Project/>"), ("src/Directory.Packages.props", "<Project/>"),
                ("nuget.config", "<configuration><packageSources><add key='l' value='./feed'/><add key='n' value='https://example.org'/></packageSources></configuration>"),
                ("feed/x.nupkg", ""), ("global.json", "{}"), ("src/App/packages.lock.json", "{}"), ("src/App/Program.cs", ""),
            ],
            command: "src/App$ restore",
            expected: "
                files Directory.Build.props feed/ global.json nuget.config src/App/App.csproj src/App/packages.lock.json src/Common.props src/Directory.Packages.props src/Lib/Lib.fsproj",
        },
        Case {
            name: "a solution",
            files: &[
                ("x.sln", "Project(\"{F}\") = \"A\", \"a\\A.csproj\", \"{1}\"\nProject(\"{F}\") = \"B\", \"b\\B.csproj\", \"{2}\"\n"),
                ("a/A.csproj", "<Project/>"),
            ],
            command: "$ restore x.sln",
            expected: "files a/A.csproj x.sln\nmissing b/B.csproj\nmembers a b",
        },
        Case {
            name: "publish compiles",
            files: &[("a/A.csproj", "<Project/>")],
            command: "$ publish a/A.csproj -c Release -o /out /p:UseAppHost=false",
            expected: "files a/A.csproj\nProject a\nfirst dotnet restore a/A.csproj",
        },
        Case {
            name: "names that only a run knows",
            files: &[("A.csproj", "<Project><ItemGroup><ProjectReference Include='$(Root)/B.csproj'/></ItemGroup></Project>")],
            command: "$ restore",
            expected: "files A.csproj\nunknown A.csproj names $(Root)/B.csproj, which is not a path inside the build context",
        },
        Case {
            name: "two projects in the folder",
            files: &[("A.csproj", "<Project/>"), ("B.csproj", "<Project/>")],
            command: "$ restore",
            expected: "unknown the root of the context has several projects or solutions",
        },
        Case {
            name: "tools",
            files: &[(".config/dotnet-tools.json", "{}")],
            command: "$ tool_restore",
            expected: "files .config/dotnet-tools.json",
        },
    ]);
    let text = "<Project><ItemGroup><PackageReference Include='A' Version='1'/>\
        <PackageReference Include='B'><PrivateAssets>all</PrivateAssets></PackageReference></ItemGroup></Project>";
    assert_eq!(
        declared(Manager::Dotnet, &[("x.csproj", text)]),
        "PackageReference:A PackageReference:B!"
    );
}

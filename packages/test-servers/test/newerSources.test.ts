import { newerSources } from "@dueline/test-servers/unpackPackages"
import { assert, describe, test } from "vitest"

const paragraphs = `# the system's own
Types: deb deb-src
# http://old.example/debian
URIs: http://mirror.example/debian
Suites: stable stable-updates
Components: main contrib
Signed-By: /usr/share/keyrings/own.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: stable-security
Components: main
`

const from = (path: string, text: string) => newerSources([{ path, text }], "next")

describe("a newer source made of the machine's own", () => {
  test("keeps the mirror and the key, and asks for the other suite and nothing but main", () => {
    assert.deepStrictEqual(from("/etc/apt/sources.list.d/debian.sources", paragraphs), {
      path: "newer.sources",
      text: "Types: deb\nURIs: http://mirror.example/debian\nSuites: next\nComponents: main\nSigned-By: /usr/share/keyrings/own.gpg\n"
    })
  })

  test("is made of a one-line source too, options included", () => {
    const text =
      "# deb http://mirror.example/debian old main\ndeb [arch=amd64] http://mirror.example/debian/ stable main contrib\n"
    assert.deepStrictEqual(from("/etc/apt/sources.list", text), {
      path: "newer.list",
      text: "deb [arch=amd64] http://mirror.example/debian/ next main\n"
    })
  })

  test("is not made of security updates, of sources without programs, of disabled ones, or of another distribution's", () => {
    const only = (uri: string, suite: string, more = "", types = "deb") =>
      from("a.sources", `Types: ${types}\nURIs: ${uri}\nSuites: ${suite}\nComponents: main\n${more}`)
    assert.isDefined(only("http://mirror.example/debian", "stable"))
    assert.isUndefined(only("http://mirror.example/debian-security", "stable-security"))
    assert.isUndefined(only("http://mirror.example/debian", "stable-security"))
    assert.isUndefined(only("http://mirror.example/debian", "stable", "", "deb-src"))
    assert.isUndefined(only("http://mirror.example/debian", "stable", "Enabled: no\n"))
    assert.isUndefined(only("http://mirror.example/ubuntu", "noble"))
    assert.isUndefined(from("a.list", "deb http://mirror.example/debian-security stable-security main\n"))
  })

  test("comes from the first file that has one", () => {
    const made = newerSources(
      [
        { path: "other.list", text: "deb http://else.example/node nodistro main\n" },
        { path: "debian.sources", text: paragraphs }
      ],
      "next"
    )
    assert.include(made?.text, "http://mirror.example/debian\n")
  })
})

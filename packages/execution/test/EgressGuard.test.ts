import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { addressKind, makeEgressGuard } from "../src/egress/EgressGuard.ts"

const guard = makeEgressGuard()

const inside: ReadonlyArray<readonly [address: string, kind: string]> = [
  ["127.0.0.1", "loopback"],
  ["127.255.255.254", "loopback"],
  ["0.0.0.0", "unspecified"],
  ["0.1.2.3", "reserved"],
  ["10.0.0.1", "private"],
  ["172.16.0.1", "private"],
  ["172.31.255.255", "private"],
  ["192.168.1.1", "private"],
  ["169.254.1.1", "link_local"],
  ["169.254.169.254", "metadata"],
  ["169.254.170.2", "metadata"],
  ["168.63.129.16", "metadata"],
  ["100.64.0.1", "shared"],
  ["100.127.255.255", "shared"],
  ["100.100.100.200", "metadata"],
  ["192.0.0.8", "reserved"],
  ["192.0.2.1", "documentation"],
  ["198.51.100.7", "documentation"],
  ["203.0.113.9", "documentation"],
  ["198.18.0.1", "benchmark"],
  ["198.19.255.255", "benchmark"],
  ["224.0.0.1", "multicast"],
  ["239.255.255.250", "multicast"],
  ["240.0.0.1", "reserved"],
  ["255.255.255.255", "broadcast"],
  ["::", "unspecified"],
  ["::1", "loopback"],
  ["fe80::1", "link_local"],
  ["febf::1", "link_local"],
  ["fec0::1", "private"],
  ["fc00::1", "private"],
  ["fd12:3456::1", "private"],
  ["fd00:ec2::254", "metadata"],
  ["ff02::1", "multicast"],
  ["2001:db8::1", "documentation"],
  ["3fff::1", "documentation"],
  ["100::1", "reserved"],
  ["5f00::1", "reserved"],
  ["4000::1", "reserved"],
  ["::ffff:127.0.0.1", "loopback"],
  ["::ffff:7f00:1", "loopback"],
  ["::FFFF:169.254.169.254", "metadata"],
  ["::ffff:a9fe:a9fe", "metadata"],
  ["::127.0.0.1", "loopback"],
  ["::ffff:0:10.0.0.1", "private"],
  ["64:ff9b::10.0.0.1", "private"],
  ["64:ff9b::a9fe:a9fe", "metadata"],
  ["64:ff9b:1::1", "reserved"],
  ["2002:7f00:1::", "loopback"],
  ["2002:a9fe:a9fe::1", "metadata"],
  ["2002:0a00:0001::", "private"],
  ["2001:0:7f00:1::", "loopback"],
  ["2001:0:808:808::f5ff:fffe", "private"],
  ["2620:0:1::5efe:10.0.0.1", "private"],
  ["fe80::1%eth0", "malformed"],
  ["example.com", "malformed"],
  ["127.1", "malformed"],
  ["010.0.0.1", "malformed"],
  ["1::2::3", "malformed"],
  [":::1", "malformed"],
  ["1.2.3.4:5", "malformed"],
  ["", "malformed"]
]

const outside = [
  "1.1.1.1",
  "8.8.8.8",
  "9.255.255.255",
  "11.0.0.0",
  "100.63.255.255",
  "100.128.0.0",
  "126.255.255.255",
  "128.0.0.0",
  "172.15.255.255",
  "172.32.0.0",
  "192.167.255.255",
  "192.169.0.0",
  "223.255.255.255",
  "2606:4700::1111",
  "2a00:1450:4001:81b::200e",
  "::ffff:8.8.8.8",
  "64:ff9b::8.8.8.8",
  "2002:808:808::1"
]

describe("addressKind", { tags: ["ADR-0012.6"] }, () => {
  it.each(inside)("%s is %s", (address, kind) => assert.strictEqual(addressKind(address), kind))

  it.each(outside)("%s is on the open internet", (address) => assert.strictEqual(addressKind(address), "public"))

  const octet = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 }))

  it.prop("an IPv4 address is what it is in every IPv6 disguise", [octet, octet, octet, octet], ([a, b, c, d]) => {
    const plain = [a, b, c, d].join(".")
    const kind = addressKind(plain)
    const hex = [a * 256 + b, c * 256 + d].map((word) => word.toString(16)).join(":")
    const disguises = [
      `::ffff:${plain}`,
      `::ffff:${hex}`,
      `64:ff9b::${plain}`,
      `64:ff9b::${hex}`,
      `2002:${hex}::`,
      `::ffff:0:${plain}`
    ]
    for (const disguise of disguises) assert.strictEqual(addressKind(disguise), kind, disguise)
    const unlike = [255 - a, 255 - b, 255 - c, 255 - d]
    const teredo = [(unlike[0] ?? 0) * 256 + (unlike[1] ?? 0), (unlike[2] ?? 0) * 256 + (unlike[3] ?? 0)]
    assert.strictEqual(addressKind(`2001:0:808:808::${teredo.map((word) => word.toString(16)).join(":")}`), kind)
  })

  it.prop(
    "every spelling of a host that the URL parser knows is judged as what it means",
    [octet, octet, octet, octet],
    ([a, b, c, d]) => {
      const number = ((a * 256 + b) * 256 + c) * 256 + d
      const hosts = [
        String(number),
        `0x${number.toString(16)}`,
        `0${number.toString(8)}`,
        [a, b, c, d].map((part) => `0${part.toString(8)}`).join("."),
        [a, b, c, d].map((part) => `0x${part.toString(16)}`).join("."),
        `${a}.${b}.${c * 256 + d}`,
        `${a}.${b}.${c}.${d}.`
      ]
      const refused = addressKind([a, b, c, d].join(".")) !== "public"
      for (const host of hosts) assert.strictEqual(guard.checkUrl(`http://${host}/`) !== null, refused, host)
    }
  )
})

describe("checkUrl", { tags: ["ADR-0012.6"] }, () => {
  const refused: ReadonlyArray<readonly [url: string, code: string]> = [
    ["not a url", "url_invalid"],
    ["http://", "url_invalid"],
    ["http://256.1.1.1/", "url_invalid"],
    ["ftp://example.com/", "scheme_not_allowed"],
    ["file:///etc/passwd", "scheme_not_allowed"],
    ["gopher://127.0.0.1:70/", "scheme_not_allowed"],
    ["data:text/plain,x", "scheme_not_allowed"],
    ["https://user@example.com/", "credentials_in_url"],
    ["https://user:secret@example.com/", "credentials_in_url"],
    ["http://127.0.0.1/", "address_denied"],
    ["http://2130706433/", "address_denied"],
    ["http://017700000001/", "address_denied"],
    ["http://0x7f.1/", "address_denied"],
    ["http://127.1/", "address_denied"],
    ["http://①②⑦.⓪.⓪.①/", "address_denied"],
    ["http://169.254.169.254/latest/meta-data/", "address_denied"],
    ["http://0xA9FEA9FE/", "address_denied"],
    ["http://[::1]/", "address_denied"],
    ["http://[::ffff:127.0.0.1]/", "address_denied"],
    ["http://[::ffff:a9fe:a9fe]/", "address_denied"],
    ["http://[fd00::1]:8080/", "address_denied"],
    ["http://localhost/", "address_denied"],
    ["http://LOCALHOST./", "address_denied"],
    ["http://app.localhost:3000/", "address_denied"],
    ["http://0/", "address_denied"]
  ]

  it.each(refused)("%s is refused: %s", (url, code) => assert.strictEqual(guard.checkUrl(url)?.code, code))

  it.each(["https://example.com/", "http://example.com:8080/a?b", "https://1.1.1.1/", "https://[2606:4700::1111]/"])(
    "nothing speaks against %s before its name is resolved",
    (url) => assert.isNull(guard.checkUrl(url))
  )

  it("says what it refused without repeating the URL", () => {
    const denied = guard.checkUrl("https://user:hunter2@example.com/")
    assert.notInclude(JSON.stringify(denied), "hunter2")
  })
})

describe("checkAddresses", { tags: ["ADR-0012.6"] }, () => {
  it("one address inside refuses the name, wherever it stands", () => {
    assert.isNull(guard.checkAddresses("example.com", 443, ["1.1.1.1", "2606:4700::1111"]))
    assert.strictEqual(guard.checkAddresses("example.com", 443, ["1.1.1.1", "10.0.0.1"])?.kind, "private")
    assert.strictEqual(guard.checkAddresses("example.com", 443, ["10.0.0.1", "1.1.1.1"])?.kind, "private")
  })

  it("no address at all is no permission", () => assert.isNotNull(guard.checkAddresses("example.com", 443, [])))
})

describe("the allow-list", () => {
  it("opens a host by name on any port, or on one", () => {
    const some = makeEgressGuard(["internal.test", "other.test:8080"])
    assert.isNull(some.checkAddresses("Internal.Test.", 1234, ["10.0.0.1"]))
    assert.isNull(some.checkAddresses("other.test", 8080, ["10.0.0.1"]))
    assert.isNotNull(some.checkAddresses("other.test", 8081, ["10.0.0.1"]))
    assert.isNotNull(some.checkAddresses("sub.internal.test", 1234, ["10.0.0.1"]))
  })

  it("opens a block of addresses for names and literals, and nothing beside it", () => {
    const some = makeEgressGuard(["127.0.0.0/8", "fd00::/8"])
    assert.isNull(some.checkUrl("http://127.9.9.9:1/"))
    assert.isNull(some.checkUrl("http://[fd12::1]/"))
    assert.isNull(some.checkAddresses("a.test", 80, ["127.0.0.1", "fd00::1"]))
    assert.isNotNull(some.checkAddresses("a.test", 80, ["127.0.0.1", "10.0.0.1"]))
    assert.isNotNull(some.checkUrl("http://[::ffff:10.0.0.1]/"))
  })

  it("takes localhost to mean the name and the loopback addresses", () => {
    const some = makeEgressGuard(["localhost"])
    for (const url of ["http://localhost:3000/", "http://127.0.0.1/", "http://[::1]/"])
      assert.isNull(some.checkUrl(url))
    assert.isNull(some.checkAddresses("localhost", 3000, ["::1", "127.0.0.1"]))
    assert.isNotNull(some.checkUrl("http://10.0.0.1/"))
  })

  it("opens one address on one port", () => {
    const some = makeEgressGuard(["127.0.0.1:8080", "[::1]:9000", "10.0.0.1"])
    assert.isNull(some.checkUrl("http://127.0.0.1:8080/"))
    assert.isNotNull(some.checkUrl("http://127.0.0.1:8081/"))
    assert.isNull(some.checkUrl("http://[::1]:9000/"))
    assert.isNull(some.checkUrl("http://10.0.0.1/"))
  })

  it.each(["", "a b", "10.0.0.0/33", "::/129", "http://x", "10.0.0/8", "*"])(
    "refuses to start on the entry %o",
    (entry) => assert.throws(() => makeEgressGuard([entry]), RangeError)
  )
})

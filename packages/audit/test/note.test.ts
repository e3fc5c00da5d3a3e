/** Signed notes and checkpoints: what C2SP says of their form, and that nothing else is believed. */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import {
  openCheckpoint,
  openNote,
  readVerifier,
  signCheckpoint,
  signerOf,
  signNote,
  verifierOf,
  verifierText
} from "../src/note.ts"
import { leafHash } from "../src/merkle.ts"

const signer = signerOf("dueline.audit/one", Buffer.alloc(32, 7))
const verifier = verifierOf(signer)
const other = verifierOf(signerOf("dueline.audit/one", Buffer.alloc(32, 8)))
const checkpoint = { size: 4_711, root: leafHash(Buffer.from("root")), at: Date.UTC(2026, 0, 31, 9) }

describe("a note", () => {
  it("of the Go implementation is believed: the same key ids, signatures and form", () => {
    // From golang.org/x/mod/sumdb/note, package documentation.
    const key = readVerifier("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    const note =
      "If you think cryptography is the answer to your problem,\n" +
      "then you don't know what your problem is.\n\n" +
      "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    if (key === null) return assert.fail("the key cannot be read")
    assert.strictEqual(openNote(note, key), note.slice(0, note.indexOf("\n\n") + 1))
  })

  it("is believed for the key that signed it, and for no other", () => {
    const note = signNote("one\ntwo\n", signer)
    assert.strictEqual(openNote(note, verifier), "one\ntwo\n")
    assert.isNull(openNote(note, other))
    assert.isNull(openNote(note, { ...verifier, name: "another" }))
  })

  it("that another has signed too is believed all the same", () => {
    const note = signNote("text\n", signer)
    const cosigned = note + (signNote("text\n", signerOf("witness", Buffer.alloc(32, 9))).split("\n\n")[1] ?? "")
    assert.strictEqual(openNote(cosigned, verifier), "text\n")
  })
})

describe("a verifier's key", () => {
  it("is read back from its text, and a text with any other character is none", () => {
    const text = verifierText(verifier)
    const read = readVerifier(`${text}\n`)
    assert.strictEqual(read === null ? null : verifierText(read), text)
    for (let n = 0; n < text.length; n++) {
      const changed = text.slice(0, n) + (text[n] === "A" ? "B" : "A") + text.slice(n + 1)
      if (n > signer.name.length) assert.isNull(readVerifier(changed), changed)
    }
  })
})

describe("a checkpoint", () => {
  it("says what was signed", () => {
    assert.deepStrictEqual(openCheckpoint(signCheckpoint(checkpoint, signer), verifier), checkpoint)
  })

  it.prop(
    "with any other bit is not believed",
    [Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 }))],
    ([draw]) => {
      const bytes = Buffer.from(signCheckpoint(checkpoint, signer))
      const bit = draw % (bytes.length * 8)
      const at = Math.floor(bit / 8)
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit % 8))
      assert.isNull(openCheckpoint(bytes.toString("utf8"), verifier))
    },
    { tags: ["ADR-0040.3"] }
  )

  it("of another log is not believed, though the key be the same", () => {
    const stranger = signerOf("dueline.audit/two", Buffer.alloc(32, 7))
    assert.isNull(openCheckpoint(signCheckpoint(checkpoint, stranger), verifier))
  })
})

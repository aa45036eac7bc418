// SPDX-License-Identifier: Apache-2.0

import CKernels
import ContentModel
import TestKit
import Testing

/// The constants come from Python's hashlib and from `git hash-object`.
@Suite struct `SHA-256 and SHA-1` {
    /// A message that differs at every length and place.
    private static func message(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 * 31 + count) }
    }

    private static func sha1(_ bytes: [UInt8]) -> GitObjectID {
        var hasher = SHA1()
        hasher.update(bytes.span.bytes)
        return hasher.finalize()
    }

    @Test(arguments: [
        (
            "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "da39a3ee5e6b4b0d3255bfef95601890afd80709"
        ),
        (
            "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "a9993e364706816aba3e25717850c26c9cd0d89d"
        ),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
        ),
        (
            String(repeating: "a", count: 1_000_000),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
            "34aa973cd4c4daa4f61eeb2bdbad27316534016f"
        ),
    ])
    func `the vectors of FIPS 180-4 hold`(_ text: String, _ sha256: String, _ sha1: String) {
        #expect(Digest(of: text).description == sha256)
        #expect(Digest(of: Array(text.utf8)).description == sha256)
        #expect(Self.sha1(Array(text.utf8)).description == sha1)
    }

    @Test(arguments: [
        (
            1, "4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a",
            "bf8b4530d8d246dd74ac53a13471bba17941dff7"
        ),
        (
            55, "0c74b286e2c8b409ed0fd89f5a8344aeb274bda5d9bfbe7b8e537cfc6142736d",
            "f4d2f0b019e68d4d8d79a68efdbe8141f5cd9cc8"
        ),
        (
            56, "8136496fb4867a08f8c0f1afaf000ef4093ecc2d544f4f808ef9d5945ca4c2fa",
            "ef4b5741de76e7c5067a1030d4d441378c97b877"
        ),
        (
            63, "a7c6fa71b10f6f7bd8ce26f79db5693d265b2cde42e61955077e77c8764bc26f",
            "e15e0e0e50f24ff2e890ed8550c3dc6382dfeb64"
        ),
        (
            64, "3ea97ec766b8247739939247b4d4cb362cf13c100deb0cc2ba5391f762023852",
            "b2f62e382014bec909954fbf86a19cb0c5cfe4bf"
        ),
        (
            65, "7fc8e770811fb1035a2279b782a7b04024fe6a2229e9bb11a99686d3ca65f4a7",
            "d901d2e0b1c1bcb6693a57d5e033cb9ab4552d6a"
        ),
        (
            119, "6cf3e40eee6bd154b923dbbe0b421de7934af82282113dd285bb895e4bb3f8f7",
            "8531575cbc0c904ba6f184f7dfe6d29ebb51080e"
        ),
        (
            120, "696e486e83239a511feef5f0b438da322fa51490489668162c6ed9a9c6ad8055",
            "e346e2106fe381928ff4aa30ce41347c485b7285"
        ),
        (
            128, "3b35116c160c0ffdaf1287960af39caf2760811b02a36e3bd5294bdd61eea9a9",
            "c131d8e40b6a8b7236d20393a17220bec5981461"
        ),
        (
            129, "2f8375e93af8ad9fa693f5f28f1f0d218678da7fb5554be6431c2f3ee245eccb",
            "ff67210e1341d745a17842451e316a6abba66cda"
        ),
    ])
    func `lengths round the block boundary hold`(_ count: Int, _ sha256: String, _ sha1: String) {
        let message = Self.message(count)
        #expect(Digest(of: message).description == sha256)
        #expect(Self.sha1(message).description == sha1)
    }

    @Test func `every length from 0 to 300 holds`() {
        // The digest of all digests, as an independent program computes it.
        let messages = (0...300).map(Self.message)
        #expect(
            Digest(of: messages.map { Digest(of: $0).description }.joined()).description
                == "284ead8c9cbbafd0cb341a09d1e7b0054ff2b3ab8fe48cb3ef085117f87511fb")
        let texts = messages.map { Self.sha1($0).description }.joined()
        #expect(Self.sha1(Array(texts.utf8)).description == "e967fdb33b66b5bda2b530adb60367e9a3879f7a")
    }

    @Test(arguments: [
        ("", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"), ("hello\n", "ce013625030ba8dba906f756967f9e9ca394464a"),
        (String(repeating: "\0", count: 70_000), "9fea790a02baeb2724691491835d06627644ac43"),
    ])
    func `a blob's id is that of git`(_ text: String, _ expected: String) {
        #expect(GitObjectID(ofBlob: Array(text.utf8)).description == expected)
    }

    @Test func `a hasher can go on after it was asked, and a copy is a fork`() {
        var hasher = SHA256()
        hasher.update("ab")
        #expect(hasher.finalize() == Digest(of: "ab"))
        var fork = hasher
        hasher.update("c")
        fork.update("d")
        #expect(hasher.finalize() == Digest(of: "abc"))
        #expect(fork.finalize() == Digest(of: "abd"))
        hasher.update("")
        #expect(hasher.finalize() == Digest(of: "abc"))
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
    func `bytes in pieces hash as bytes in one`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<40 {
            let bytes = random.bytes(Int.random(in: 0...3_000, using: &random))
            var sha256 = SHA256()
            var sha1 = SHA1()
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = Array(
                    rest.prefix(Int.random(in: 0...[1, 64, 65, 700].randomElement(using: &random)!, using: &random)))
                rest = rest.dropFirst(piece.count)
                sha256.update(piece.span.bytes)
                sha1.update(piece.span.bytes)
            }
            #expect(sha256.finalize() == Digest(of: bytes), "\(bytes.count) bytes")
            #expect(sha1.finalize() == Self.sha1(bytes), "\(bytes.count) bytes")
        }
    }

    @Test(arguments: [11, 12, 13, 14, 15, 16] as [UInt64])
    func `two lanes give what two hashers give`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for round in 0..<40 {
            var together = (SHA256(), SHA256())
            var apart = (SHA256(), SHA256())
            // Several turns, so that lanes also begin in the middle of a block and with different histories.
            for _ in 0..<4 {
                let first = random.bytes(Int.random(in: 0...1_000, using: &random))
                // Every other time both are equally long: the interleaved path to the end.
                let second = random.bytes(
                    Bool.random(using: &random) ? first.count : Int.random(in: 0...1_000, using: &random))
                SHA256.update(&together.0, first.span.bytes, &together.1, second.span.bytes)
                apart.0.update(first.span.bytes)
                apart.1.update(second.span.bytes)
            }
            #expect(together.0.finalize() == apart.0.finalize(), "round \(round)")
            #expect(together.1.finalize() == apart.1.finalize(), "round \(round)")
        }
    }

    @Test(arguments: [21, 22, 23, 24] as [UInt64])
    func `the processor's instructions give what the portable code gives`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<25 {
            let count = Int.random(in: 0...40, using: &random)
            // One byte more in front, so that blocks are not aligned either.
            let (one, two) = (random.bytes(count * 64 + 1), random.bytes(count * 64 + 1))
            let start = (0..<8).map { _ in UInt32.random(in: .min ... .max, using: &random) }
            var (fast, slow, laneA, laneB, slowB) = (
                start, start, start, Array(start.reversed()), Array(start.reversed())
            )
            var (fast1, slow1) = (Array(start[..<5]), Array(start[..<5]))
            one.withUnsafeBufferPointer { p in
                two.withUnsafeBufferPointer { q in
                    guard let p = p.baseAddress, let q = q.baseAddress else { return }
                    weighlock_sha256_blocks(&fast, p + 1, count)
                    weighlock_sha256_blocks_portable(&slow, p + 1, count)
                    weighlock_sha256_blocks_x2(&laneA, p + 1, &laneB, q + 1, count)
                    weighlock_sha256_blocks_portable(&slowB, q + 1, count)
                    weighlock_sha1_blocks(&fast1, p + 1, count)
                    weighlock_sha1_blocks_portable(&slow1, p + 1, count)
                }
            }
            #expect(fast == slow && laneA == slow && laneB == slowB, "\(count) blocks")
            #expect(fast1 == slow1, "\(count) blocks")
        }
    }
}

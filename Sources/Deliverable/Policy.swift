// SPDX-License-Identifier: Apache-2.0

/// What the project allows; nil where the manifest says nothing.
package struct Policy: Sendable, Hashable {
    /// What happens to pickles.
    package let pickle: PicklePolicy?
    /// What happens to code in a repository.
    package let remoteCode: RemoteCodePolicy?
    /// How old a revision has to be before it is locked.
    package let cooldown: Duration?
    /// The licences allowed, as written.
    package let licenses: [String]?
    /// The classes of changes that `update` takes without being told so each time, as `docs/formats/manifest.md` lists them.
    package let accept: [String]?

    /// Creates a policy.
    package init(
        pickle: PicklePolicy? = nil, remoteCode: RemoteCodePolicy? = nil, cooldown: Duration? = nil,
        licenses: [String]? = nil, accept: [String]? = nil
    ) {
        self.pickle = pickle
        self.remoteCode = remoteCode
        self.cooldown = cooldown
        self.licenses = licenses
        self.accept = accept
    }

    /// The words that `accept` may hold: the classes of changes, and what could not be compared.
    package static let acceptableWords = [
        "weights", "tokens", "prompt", "sampling", "architecture", "code", "packaging", "docs", "identity", "unchecked",
    ]

    /// The word that is known and most likely meant by a misspelt one.
    package static func nearestAcceptable(to word: String) -> String? { Nearest.word(to: word, among: acceptableWords) }

    /// The longest cool-down accepted, in days.
    package static let maximumCooldownDays = 3650

    /// Reads `7d`, `12h` or `30m`; nil for anything else and for more than `maximumCooldownDays`.
    package static func cooldown(_ text: String) -> Duration? {
        guard let unit = text.utf8.last, let number = Int64(text.dropLast()),
            text.utf8.dropLast().allSatisfy({ $0 >= 0x30 && $0 <= 0x39 })
        else { return nil }
        let seconds: Int64
        switch unit {
        case UInt8(ascii: "d"): seconds = 86400
        case UInt8(ascii: "h"): seconds = 3600
        case UInt8(ascii: "m"): seconds = 60
        default: return nil
        }
        let (total, overflow) = number.multipliedReportingOverflow(by: seconds)
        return overflow || total > Int64(maximumCooldownDays) * 86400 ? nil : .seconds(total)
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable
internal import Drift

// The parts of a change as text that is safe to print. Everything here may come from a file of a stranger.

extension DriftChange.Place {
    /// `config.json : eos_token_id`.
    var text: String {
        Escaped(file, limit: 1024).description + (key.map { " : \(Escaped($0, limit: 400))" } ?? "")
    }
}

extension JSONValue {
    /// The value on one line, cut after `limit` characters.
    func shown(limit: Int) -> String { Escaped(text(.compact), limit: limit).description }
}

extension DriftChange {
    /// The value before and after, where one value is meant: `"right" → "left"`, `unset → 0.6`.
    func values(limit: Int = 120) -> String? {
        guard before != nil || after != nil else { return nil }
        return (before?.shown(limit: limit) ?? "unset") + " → " + (after?.shown(limit: limit) ?? "unset")
    }
}

extension DriftReport.DefaultChange {
    /// The places that said it and say it: `generation_config.json : temperature`.
    var place: String {
        let texts = [before, after].compactMap { $0 }.map { value in
            DriftChange.Place(value.file.description, value.key).text
        }
        guard let first = texts.first, let last = texts.last else { return "" }
        return first.utf8.elementsEqual(last.utf8) ? first : "\(first) → \(last)"
    }

    /// The value before and after.
    func values(limit: Int = 120) -> String {
        (before?.value.shown(limit: limit) ?? "unset") + " → " + (after?.value.shown(limit: limit) ?? "unset")
    }
}

extension DriftEvidence.TensorDifference.Form {
    /// `F32 [384, 384]`.
    var text: String {
        "\(Escaped(type, limit: 40)) [" + shape.prefix(16).map(String.init).joined(separator: ", ")
            + (shape.count > 16 ? ", …]" : "]")
    }
}

extension DriftEvidence.TensorDifference {
    /// The type and shape before and after, in as few words as tell them.
    var forms: String {
        switch (before, after) {
        case (let old?, let new?): old == new ? old.text : "\(old.text) → \(new.text)"
        case (let form?, nil), (nil, let form?): form.text
        case (nil, nil): ""
        }
    }

    /// `max |Δ| 0.0031, relative 0.0004, 0.42 % of its elements`; nil when nobody measured it.
    var measure: String? {
        guard let distance else { return nil }
        var text =
            "max |Δ| \(DriftNumber.short(distance.maximum)), relative \(DriftNumber.short(distance.relative)), "
            + "\(DriftNumber.percent(distance.share)) of its elements"
        if distance.nonFinite > 0 { text += ", \(distance.nonFinite) not finite" }
        return text
    }

    /// That nobody measured it, where somebody could have.
    var excuse: String? {
        distance == nil && [.changed, .requantised].contains(kind) ? "not measured" : nil
    }

    /// The worst first: what cannot be compared before what can, then by distance and name.
    static func isWorse(_ left: Self, _ right: Self) -> Bool {
        if left.rank != right.rank { return left.rank > right.rank }
        return left.name < right.name
    }

    private var rank: Double {
        switch kind {
        case .removed: return 5e300
        case .reshaped: return 4e300
        case .added: return 3e300
        case .requantised, .changed, .cast, .renamed:
            // What was not measured, or is not a number, may be anything: it stands before what is known to be small.
            guard let relative = distance?.relative else { return kind == .renamed ? -1 : 1e300 }
            return relative.isNaN ? 2e300 : min(relative, 1e300)
        }
    }
}

extension TextDiff {
    /// How many lines the hunks have, with their headings.
    var length: Int { hunks.reduce(0) { $0 + $1.lines.count + 1 } }

    /// `3 lines added, 1 removed`.
    var size: String {
        let parts = [(added, "added"), (removed, "removed")].filter { $0.0 > 0 }
        guard let first = parts.first else { return "no line differs" }
        return ([counted(first.0, "line") + " \(first.1)"] + parts.dropFirst().map { "\($0.0) \($0.1)" }).joined(
            separator: ", ")
    }
}

extension TextDiff.Hunk {
    /// `@@ -1,4 +1,5 @@`.
    var heading: String {
        func range(_ start: Int, _ count: Int) -> String { count == 1 ? "\(start)" : "\(start),\(count)" }
        return "@@ -\(range(oldStart, oldCount)) +\(range(newStart, newCount)) @@"
    }
}

extension TextDiff.Line {
    /// The line as a unified diff has it, with what does not print escaped; a tab stays one.
    func unified(limit: Int = .max) -> String {
        switch self {
        case .context(let text): " " + TextDiff.Line.printable(text, limit)
        case .removed(let text): "-" + TextDiff.Line.printable(text, limit)
        case .added(let text): "+" + TextDiff.Line.printable(text, limit)
        case .noLineEnd: "\\ No newline at end of file"
        }
    }

    private static func printable(_ text: String, _ limit: Int) -> String {
        guard text.utf8.contains(UInt8(ascii: "\t")) else { return Escaped(text, limit: limit).description }
        var rest = limit
        var out: [String] = []
        for part in text.split(separator: "\t", omittingEmptySubsequences: false) {
            guard rest > 0 else { break }
            out.append(Escaped(String(part), limit: rest).description)
            rest -= min(rest, part.unicodeScalars.count + 1)
        }
        return out.joined(separator: "\t")
    }
}

// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// A chat template in one of the places where a repository can have it.
package struct TemplateCopy: Sendable, Hashable {
    /// The kinds of places.
    package enum Place: String, Sendable, Hashable, CaseIterable {
        /// What the launch names with `--chat-template`: for the engine that it starts nothing else counts.
        case launch
        /// `chat_template.jinja`.
        case file
        /// `additional_chat_templates/NAME.jinja`.
        case additional
        /// `tokenizer_config.json`, key `chat_template`: a text, or a list of texts with names.
        case tokenizerConfig = "tokenizer-config"
        /// `chat_template.json`, which only processors read.
        case legacyFile = "legacy-file"
        /// `processor_config.json`, key `chat_template`.
        case processorConfig = "processor-config"
        /// A GGUF file, key `tokenizer.chat_template` or `tokenizer.chat_template.NAME`.
        case gguf
        /// Any other file with a template's extension: no engine reads it unless told to.
        case other
    }

    /// The kind of place.
    package let place: Place
    /// The file, with the role in front when it is not the model's.
    package let file: String
    /// The layer of the deliverable that the file is in.
    package let component: Component
    /// The key in the file; nil when the file is the template.
    package let key: String?
    /// Its name among the templates of its place: `default`, `tool_use`, ….
    package let name: String
    /// The text as it is stored.
    package let text: String

    /// The name of the one that is used when nobody names another.
    package static let defaultName = "default"

    /// Describes a copy.
    package init(
        place: Place, file: String, component: Component, key: String? = nil, name: String = defaultName, text: String
    ) {
        (self.place, self.file, self.component, self.key) = (place, file, component, key)
        (self.name, self.text) = (name, text)
    }

    /// Where it is, for a report.
    package var location: DriftChange.Place { DriftChange.Place(file, key) }

    /// The place in a few words: `tokenizer_config.json : chat_template`.
    package var label: String { file + (key.map { " : " + $0 } ?? "") }

    /// The text as every reader of templates takes it: one kind of line ends, and none at the very end.
    package var normalised: String { TemplateCopy.normalised(text) }

    /// A template's text as every reader takes it.
    package static func normalised(_ text: String) -> String {
        var out: [UInt8] = []
        var bytes = Array(text.utf8)[...]
        while let byte = bytes.popFirst() {
            guard byte == 0x0D else {
                out.append(byte)
                continue
            }
            if bytes.first == 0x0A { bytes.removeFirst() }
            out.append(0x0A)
        }
        if out.last == 0x0A { out.removeLast() }
        return String(decoding: out, as: UTF8.self)
    }

    func isSamePlace(as other: TemplateCopy) -> Bool {
        place == other.place && file.utf8.elementsEqual(other.file.utf8) && name.utf8.elementsEqual(other.name.utf8)
    }

    /// Whether a reader of templates takes the two for the same text.
    func isSameText(as other: TemplateCopy) -> Bool { normalised.utf8.elementsEqual(other.normalised.utf8) }

    /// Equality of the bytes.
    package static func == (left: TemplateCopy, right: TemplateCopy) -> Bool {
        left.isSamePlace(as: right) && left.text.utf8.elementsEqual(right.text.utf8)
            && left.location == right.location
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(place)
        for byte in text.utf8 { hasher.combine(byte) }
    }
}

// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// What one engine uses for one setting when neither its command line nor a request says anything.
package struct EngineDefault: Sendable, Hashable {
    /// Where a value comes from.
    package enum Origin: Sendable, Hashable {
        /// A file of the deliverable.
        case file(RelativePath, key: String?)
        /// The engine itself.
        case program
        /// Neither: it depends on the machine, the weights or the request, as the note says.
        case open
    }

    /// The setting: `dtype`, `context-length`, `temperature`, …
    package let name: String
    /// The value; nil when there is none that could be told from the files.
    package let value: JSONValue?
    /// Where it comes from.
    package let origin: Origin
    /// What else decides, in a few words.
    package let note: String?

    /// Puts one together.
    package init(_ name: String, _ value: JSONValue?, _ origin: Origin, note: String? = nil) {
        (self.name, self.value, self.origin, self.note) = (name, value, origin, note)
    }
}

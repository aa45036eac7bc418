// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// An answer that is an error: a status, the Hub's error code and a message, in the header and as JSON.
struct Refusal: Error {
    let status: Int
    let code: String
    let message: String
    var headers: HeaderFields = [:]

    static func badRequest(_ message: String, status: Int = 400) -> Refusal {
        Refusal(status: status, code: "BadRequest", message: message)
    }
    static func notFound(_ message: String) -> Refusal { Refusal(status: 404, code: "NotFound", message: message) }
    static func entryNotFound(_ path: String, _ revision: Revision, _ commit: GitObjectID?) -> Refusal {
        var headers: HeaderFields = [:]
        if let commit { headers.add("X-Repo-Commit", commit.description) }
        return Refusal(
            status: 404, code: "EntryNotFound", message: "`\(path)` does not exist at revision `\(revision)`",
            headers: headers)
    }
    static func revisionNotFound(_ message: String) -> Refusal {
        Refusal(status: 404, code: "RevisionNotFound", message: message)
    }
    // The clients compare the next two texts letter by letter.
    static let badToken = Refusal(
        status: 401, code: "Unauthorized", message: "Invalid credentials in Authorization header")
    static let disabled = Refusal(status: 403, code: "Disabled", message: "Access to this resource is disabled.")

    /// The answer. Whatever the message quotes, the header holds printable ASCII of a moderate length.
    var response: MirrorResponse {
        var ascii = ""
        for scalar in Escaped(message).description.unicodeScalars {
            if (0x20...0x7E).contains(scalar.value) { ascii.unicodeScalars.append(scalar) } else { ascii += "?" }
        }
        var fields: HeaderFields = ["X-Error-Code": code, "X-Error-Message": ascii]
        fields.add(headers)
        return .json(.object(["error": .string(Escaped(message).description)]), status: status, headers: fields)
    }
}

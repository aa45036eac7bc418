// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Transport

/// Turns a Hub's refusal into an error that says what to do; the table is `X-Error-Code` first, then the status.
enum HubErrors {
    static func failure(_ head: ResponseHead, _ subject: HubSubject, hasToken: Bool) -> Failure {
        let message = head["x-error-message"] ?? ""
        let origin = head.address.origin
        let repository = "`\(subject.repository)`"
        switch head["x-error-code"] {
        case "RepoNotFound": return repositoryNotFound(repository, origin, hasToken)
        case "GatedRepo": return gated(repository, origin, subject, hasToken)
        case "RevisionNotFound": return revisionNotFound(subject, repository)
        case "EntryNotFound": return entryNotFound(subject, repository)
        default: break
        }
        if message == "Invalid credentials in Authorization header" {
            return Failure(
                .unauthorized, "`\(origin)` does not accept the token",
                hint: "make a new one, or unset HF_TOKEN if the repository is public")
        }
        if message == "Access to this resource is disabled." {
            return Failure(.repositoryDisabled, "repository \(repository) was disabled by `\(origin)`")
        }
        let said = message.isEmpty ? "" : ": \(Escaped(message))"
        switch head.status {
        case 401 where !hasToken: return repositoryNotFound(repository, origin, hasToken)
        case 401:
            return Failure(
                .unauthorized, "`\(origin)` does not accept the token for \(repository)\(said)", hint: "check HF_TOKEN")
        case 403:
            return Failure(
                .unauthorized, "`\(origin)` forbids access to \(repository)\(said)",
                hint: "check what the token in HF_TOKEN may read")
        case 404:
            // Without a code a 404 does not say what is missing, and guessing would send people the wrong way.
            return Failure(
                .repositoryNotFound, "`\(origin)` knows no \(subject.what)\(said)",
                hint: "check the name and the revision, and whether HF_ENDPOINT is the address of a Hub")
        default:
            return Failure(.protocolViolation, "`\(origin)` answered \(subject.what) with status \(head.status)\(said)")
        }
    }

    private static func repositoryNotFound(
        _ repository: String, _ origin: WebAddress.Origin, _ hasToken: Bool
    ) -> Failure {
        Failure(
            .repositoryNotFound,
            "repository \(repository) does not exist on `\(origin)`, or is private"
                + (hasToken ? " and this token may not see it" : ""),
            hint: hasToken
                ? "check the name, and what the token in HF_TOKEN may read"
                : "check the name; for a private repository set HF_TOKEN or run `hf auth login`")
    }

    private static func gated(
        _ repository: String, _ origin: WebAddress.Origin, _ subject: HubSubject, _ hasToken: Bool
    ) -> Failure {
        Failure(
            .repositoryGated, "repository \(repository) is gated: its conditions must be accepted",
            hint: "accept them at \(origin)/\(subject.repository.urlPrefix)"
                + (hasToken ? "" : ", then set HF_TOKEN or run `hf auth login`"))
    }

    private static func revisionNotFound(_ subject: HubSubject, _ repository: String) -> Failure {
        Failure(
            .revisionNotFound, "\(repository) has no revision `\(subject.revision)`",
            hint:
                "check `revision` in weighlock.yaml; if it existed before, the branch or tag was deleted or its history rewritten"
        )
    }

    private static func entryNotFound(_ subject: HubSubject, _ repository: String) -> Failure {
        Failure(
            .entryNotFound,
            "\(repository) has no file `\(subject.path.map(\.description) ?? "?")` in revision `\(subject.revision)`",
            hint: "run `weighlock outdated` to see what has changed")
    }
}

/// What a request to a Hub is about, for messages.
struct HubSubject {
    let repository: RepositoryID
    let revision: Revision
    var path: RelativePath?

    var what: String {
        let place = "`\(repository)` at `\(revision)`"
        return path.map { "`\($0)` in \(place)" } ?? place
    }
}

extension RepositoryID {
    fileprivate var urlPrefix: String { description }
}

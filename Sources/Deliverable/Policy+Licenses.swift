// SPDX-License-Identifier: Apache-2.0

package import ContentModel

extension Policy {
    /// The word in `licenses` that allows models whose card names no licence.
    package static let unknownLicense = "unknown"

    /// Refuses a lock that holds a model or an adapter under a licence that the policy does not name.
    ///
    /// What counts is the `license` of the card's front matter, or its `license_name` where the card says `other`, as the lock's
    /// effective defaults have them: a claim of the repository's owner. Upper and lower case are the same.
    ///
    /// - Throws: `Failure` with code `refused` that lists every source that is not allowed.
    package func checkLicenses(_ lock: Lock) throws(Failure) {
        guard let licenses else { return }
        let allowed = Set(licenses.map { $0.lowercased() })
        var refused: [String] = []
        var isUnknown = false
        for deliverable in lock.deliverables {
            for source in deliverable.sources where Policy.needsLicense(source.role) {
                let found = Policy.licenses(of: source.role, in: deliverable)
                if found.isEmpty {
                    if allowed.contains(Policy.unknownLicense) { continue }
                    isUnknown = true
                    refused.append(
                        "`\(deliverable.name)`: `\(source.request.repository)` names no licence in its `README.md`")
                } else if !found.contains(where: { allowed.contains($0.lowercased()) }) {
                    let shown = found.map { "`\(Escaped($0, limit: 100))`" }.joined(separator: ", ")
                    refused.append("`\(deliverable.name)`: `\(source.request.repository)` is under \(shown)")
                }
            }
        }
        guard !refused.isEmpty else { return }
        throw Failure(
            .refused, "`policy.licenses` does not allow what the lock would hold",
            hint: isUnknown
                ? "check what the repository says; if it may be used, add its licence to `policy.licenses` (`\(Policy.unknownLicense)` allows models without one), and let `include` take `README.md`"
                : "choose another model, or add the licence to `policy.licenses` if it may be used",
            details: refused)
    }

    private static func needsLicense(_ role: SourceRole) -> Bool {
        switch role {
        case .model, .adapter: true
        case .tokenizer, .dataset, .base: false
        }
    }

    private static func licenses(of role: SourceRole, in deliverable: LockedDeliverable) -> [String] {
        let file = role.pathPrefix + "README.md"
        return deliverable.defaults.filter {
            ($0.name == "license" || $0.name == "license-name") && $0.file.description.utf8.elementsEqual(file.utf8)
        }.compactMap(\.value.string)
    }
}

// SPDX-License-Identifier: Apache-2.0

package import ContentModel
internal import FoundationEssentials

/// An `http` or `https` address that can be requested.
package struct WebAddress: Sendable, Hashable, CustomStringConvertible {
    /// Scheme, host and port: whom a token may be shown to.
    package struct Origin: Sendable, Hashable, CustomStringConvertible {
        let scheme: String
        /// The host's name or address, in lower case.
        package let host: String
        /// The port, also when it is the scheme's own.
        package let port: Int
        /// Whether the scheme is `https`.
        package var isEncrypted: Bool { scheme == "https" }
        /// `https://host`, with the port when it is not the scheme's.
        package var description: String {
            let standard = (scheme == "https" && port == 443) || (scheme == "http" && port == 80)
            return "\(scheme)://\(host.contains(":") ? "[\(host)]" : host)" + (standard ? "" : ":\(port)")
        }
    }

    /// The whole address, with its query. Only for sending: a query can hold a signature.
    let text: String
    /// Whom it leads to.
    package let origin: Origin

    /// Parses an absolute address.
    ///
    /// - Throws: `Failure` with code `usage` when it is not an `http` or `https` address with a host and without a user.
    package init(_ text: String) throws(Failure) {
        guard let url = URL(string: text), let address = WebAddress(url) else {
            throw Failure(
                .usage, "`\(Escaped(WebAddress.withoutSecrets(text)))` is not a web address",
                hint: "an address looks like `https://huggingface.co`")
        }
        self = address
    }

    private init?(_ url: URL) {
        guard let scheme = url.scheme?.lowercased(), scheme == "http" || scheme == "https",
            let host = url.host(percentEncoded: false)?.lowercased(), !host.isEmpty, url.user() == nil,
            url.password() == nil
        else { return nil }
        let port = url.port ?? (scheme == "https" ? 443 : 80)
        guard (1...65535).contains(port) else { return nil }
        text = url.absoluteString
        origin = Origin(scheme: scheme, host: host, port: port)
    }

    /// The address that a `Location` or `Link` header of an answer from here means; nil when it is not a web address.
    package func resolving(_ reference: String) -> WebAddress? {
        guard let base = URL(string: text), let url = URL(string: reference, relativeTo: base) else { return nil }
        return WebAddress(url.absoluteURL)
    }

    /// The address with `path`, which must be encoded already and begin with `/`, after it.
    package func appending(_ path: String) throws(Failure) -> WebAddress {
        try WebAddress((text.hasSuffix("/") ? String(text.dropLast()) : text) + path)
    }

    /// The address without its query, which can hold a signature.
    package var description: String { WebAddress.withoutSecrets(text) }

    private static func withoutSecrets(_ text: String) -> String {
        var shown =
            text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).first.map(String.init) ?? text
        // `scheme://user:password@host/…`: what stands before the last `@` of the authority is dropped.
        let parts = shown.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
        if parts.count >= 3, let at = parts[2].lastIndex(of: "@") {
            shown = ([parts[0], parts[1], String(parts[2][parts[2].index(after: at)...])] + parts[3...]).joined(
                separator: "/")
        }
        return shown
    }
}

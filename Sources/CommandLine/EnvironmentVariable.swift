// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import FoundationEssentials
internal import Operations
internal import SystemPackage
internal import Transport

/// Every environment variable that the program reads, in one place. `weighlock help-environment` prints this list, and
/// docs/reference/environment.md is made from it.
enum EnvironmentVariable: String, CaseIterable {
    case weighlockHome = "WEIGHLOCK_HOME"
    case weighlockAuthor = "WEIGHLOCK_AUTHOR"
    case endpoint = "HF_ENDPOINT"
    case token = "HF_TOKEN"
    case legacyToken = "HUGGING_FACE_HUB_TOKEN"
    case tokenPath = "HF_TOKEN_PATH"
    case disableImplicitToken = "HF_HUB_DISABLE_IMPLICIT_TOKEN"
    case hubHome = "HF_HOME"
    case hubCache = "HF_HUB_CACHE"
    case legacyHubCache = "HUGGINGFACE_HUB_CACHE"
    case offline = "HF_HUB_OFFLINE"
    case transformersOffline = "TRANSFORMERS_OFFLINE"
    case metadataTimeout = "HF_HUB_ETAG_TIMEOUT"
    case downloadTimeout = "HF_HUB_DOWNLOAD_TIMEOUT"
    case httpsProxy = "HTTPS_PROXY"
    case httpProxy = "HTTP_PROXY"
    case noProxy = "NO_PROXY"
    case certificateFile = "SSL_CERT_FILE"
    case requestsBundle = "REQUESTS_CA_BUNDLE"
    case mirrorTokenFile = "WEIGHLOCK_MIRROR_TOKEN_FILE"
    case sourceDateEpoch = "SOURCE_DATE_EPOCH"
    case noColor = "NO_COLOR"
    case term = "TERM"
    case columns = "COLUMNS"
    case home = "HOME"
    case user = "USER"
    case gitAuthorName = "GIT_AUTHOR_NAME"
    case dataHome = "XDG_DATA_HOME"
    case cacheHome = "XDG_CACHE_HOME"

    /// What it does, in a sentence.
    var explanation: String {
        switch self {
        case .weighlockHome: "where the store and the views are; default `$XDG_DATA_HOME/weighlock`"
        case .weighlockAuthor: "who is written into the history; default GIT_AUTHOR_NAME, then USER"
        case .endpoint: "the Hub to ask; wins over `endpoint` in weighlock.yaml; default https://huggingface.co"
        case .token: "the token for that Hub; sent to no other server"
        case .legacyToken: "older name of HF_TOKEN"
        case .tokenPath: "the file that holds the token; default `$HF_HOME/token`, where `hf auth login` puts it"
        case .disableImplicitToken: "`1`: do not use the token file"
        case .hubHome: "the home of the Hugging Face tools; default `$XDG_CACHE_HOME/huggingface`"
        case .hubCache: "the user's Hugging Face cache, from which blobs are adopted; default `$HF_HOME/hub`"
        case .legacyHubCache: "older name of HF_HUB_CACHE"
        case .offline: "`1`: never open a connection"
        case .transformersOffline: "the same as HF_HUB_OFFLINE"
        case .metadataTimeout: "seconds to wait for a connection and for each answer that is not a file; default 10"
        case .downloadTimeout: "seconds that a file's stream may stay silent; default 10"
        case .httpsProxy: "the proxy for https endpoints, as `http://host:port`"
        case .httpProxy: "the proxy for http endpoints, as `http://host:port`"
        case .noProxy: "hosts that are reached without a proxy, separated by commas"
        case .certificateFile: "a PEM file of certificate authorities to trust instead of the system's"
        case .requestsBundle: "the same as SSL_CERT_FILE"
        case .mirrorTokenFile: "a file with the tokens, one a line, that `weighlock serve` accepts"
        case .sourceDateEpoch: "the time to write into the history, in seconds since 1970, for reproducible runs"
        case .noColor: "any text: no colours"
        case .term: "`dumb`: no colours and no moving progress line"
        case .columns: "the width of the terminal, when the terminal does not say"
        case .home: "the user's home directory"
        case .user: "the user's name"
        case .gitAuthorName: "the user's name, as git knows it"
        case .dataHome: "the user's data directory; default `~/.local/share`"
        case .cacheHome: "the user's cache directory; default `~/.cache`"
        }
    }

    /// The text of the variable; nil when it is not set or empty.
    var text: String? {
        let value = ProcessInfo.processInfo.environment[rawValue]
        return value?.isEmpty == false ? value : nil
    }

    /// Whether it means yes, by the Hub's rule: `1`, `on`, `yes`, `true` in any case.
    var isTrue: Bool { ["1", "on", "yes", "true"].contains(text?.lowercased() ?? "") }

    private var seconds: Duration? {
        text.flatMap(Int64.init).flatMap { $0 > 0 && $0 < 1_000_000 ? .seconds($0) : nil }
    }
}

extension EnvironmentVariable {
    private static func directory(
        _ variable: EnvironmentVariable, default fallback: @autoclosure () -> FilePath
    ) -> FilePath {
        guard let text = variable.text else { return fallback() }
        if text == "~" || text.hasPrefix("~/") { return userHome.appending(String(text.dropFirst(2))) }
        return Program.currentDirectory.pushing(FilePath(text)).lexicallyNormalized()
    }

    private static var userHome: FilePath { FilePath(home.text ?? "/") }
    private static var huggingFaceHome: FilePath {
        directory(
            hubHome, default: directory(cacheHome, default: userHome.appending(".cache")).appending("huggingface"))
    }

    /// Reads everything once.
    ///
    /// - Throws: `Failure` with code `usage` when a variable cannot mean anything.
    static func settings(endpoint: String?, offline: Bool, readToken: (FilePath) -> String?) throws(Failure) -> Settings
    {
        let home = directory(
            .weighlockHome,
            default: directory(.dataHome, default: userHome.appending(".local/share")).appending("weighlock"))
        let cache = EnvironmentVariable.hubCache.text == nil ? EnvironmentVariable.legacyHubCache : .hubCache
        let chosen = endpoint ?? EnvironmentVariable.endpoint.text
        var transport = TransportConfiguration(userAgent: "weighlock/\(Program.version)")
        if offline {
            transport.offlineReason = "`--offline` was given"
        } else if EnvironmentVariable.offline.isTrue {
            transport.offlineReason = "HF_HUB_OFFLINE is set"
        } else if EnvironmentVariable.transformersOffline.isTrue {
            transport.offlineReason = "TRANSFORMERS_OFFLINE is set"
        }
        transport.metadataTimeout = EnvironmentVariable.metadataTimeout.seconds ?? transport.metadataTimeout
        transport.downloadTimeout = EnvironmentVariable.downloadTimeout.seconds ?? transport.downloadTimeout
        transport.certificateAuthorities = certificateFile.text ?? requestsBundle.text
        transport.proxy = try proxy(for: try WebAddress(chosen ?? Session.publicEndpoint))
        let author = weighlockAuthor.text ?? gitAuthorName.text ?? user.text ?? "unknown"
        return Settings(
            home: home, endpoint: chosen.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 },
            token: token(readToken), transport: transport,
            hubCache: directory(cache, default: huggingFaceHome.appending("hub")),
            author: Escaped(author, limit: 200).description,
            now: { now })
    }

    private static func token(_ read: (FilePath) -> String?) -> Secret? {
        if let secret = Secret(token.text) ?? Secret(legacyToken.text) { return secret }
        guard !disableImplicitToken.isTrue else { return nil }
        return Secret(read(directory(tokenPath, default: huggingFaceHome.appending("token"))))
    }

    private static func proxy(for endpoint: WebAddress) throws(Failure) -> (host: String, port: Int)? {
        let variable = endpoint.origin.isEncrypted ? httpsProxy : httpProxy
        let lower = ProcessInfo.processInfo.environment[variable.rawValue.lowercased()]
        guard let text = variable.text ?? lower, !text.isEmpty else { return nil }
        let excluded = (noProxy.text ?? ProcessInfo.processInfo.environment["no_proxy"] ?? "").split(separator: ",").map
        {
            $0.drop { $0 == " " || $0 == "." }.lowercased()
        }
        if excluded.contains(where: {
            $0 == "*" || endpoint.origin.host == $0 || endpoint.origin.host.hasSuffix("." + $0)
        }) {
            return nil
        }
        let origin: WebAddress.Origin
        do throws(Failure) { origin = try WebAddress(text.contains("://") ? text : "http://" + text).origin } catch {
            throw Failure(
                .usage, "`\(variable.rawValue)` is not the address of a proxy that can be used",
                hint: "it looks like `http://host:port`; a user name in it is not supported")
        }
        return (origin.host, origin.port)
    }

    /// The time now, or the one that SOURCE_DATE_EPOCH fixes.
    private static var now: String {
        let fixed = sourceDateEpoch.text.flatMap(Int64.init).flatMap { Timestamp(seconds: $0) }
        return (fixed ?? Timestamp(clamping: Int64(Date().timeIntervalSince1970))).description
    }
}

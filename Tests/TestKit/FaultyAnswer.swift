// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import FileIO
internal import Foundation
internal import Mirror
internal import SystemPackage

/// An answer of a `LoopbackHub` with its faults worked in: what to write, and how.
struct FaultyAnswer: Sendable {
    private(set) var status: Int
    private(set) var headers: HeaderFields
    private(set) var body: MirrorResponse.Body
    private(set) var flips: [Int64] = []
    private(set) var padding: [UInt8] = []
    private(set) var isChunked = false
    /// After how many bytes of the body the connection is closed, or falls silent.
    private(set) var closeAfter: Int64?
    private(set) var stallAfter: Int64?
    private(set) var bytesPerSecond: Int?
    private(set) var isCut = false
    private(set) var isSilent = false

    init(_ request: RecordedRequest, _ faults: [Fault], host: String, answer: (MirrorRequest) -> MirrorResponse) {
        var fields = request.headers
        for fault in faults { if case .ignoreRange = fault { fields.remove("Range") } }
        let response = answer(MirrorRequest(request.method, request.target, headers: fields, body: request.body))
        (status, headers, body) = (response.status, response.headers, response.body)
        for fault in faults { apply(fault, request, host) }
    }

    /// Where the body begins in the file it comes from.
    var base: Int64 {
        if case .file(_, let offset, _) = body { return offset }
        return 0
    }

    /// The true length of the body, without padding.
    var length: Int64 {
        switch body {
        case .none: 0
        case .bytes(let bytes): Int64(bytes.count)
        case .file(_, _, let length): length
        }
    }

    private mutating func apply(_ fault: Fault, _ request: RecordedRequest, _ host: String) {
        switch fault {
        case .flipByte(let place): flips.append(place)
        case .truncate(let count): closeAfter = count
        case .pad(let count, let kind):
            padding = [UInt8](repeating: 0x2A, count: count)
            switch kind {
            case .beyondLength: closeAfter = .max
            case .counted: set("Content-Length", String(length + Int64(count)))
            case .chunked:
                headers.remove("Content-Length")
                set("Transfer-Encoding", "chunked")
                isChunked = true
            }
        case .serveFile(let path):
            let size = ((try? FileSystem.status(path)) ?? nil)?.size.value ?? 0
            replace(.file(path, offset: 0, length: size), size, request)
        case .serveBytes(let bytes): replace(.bytes(bytes), Int64(bytes.count), request)
        case .stall(let count): stallAfter = count
        case .drip(let rate): bytesPerSecond = max(1, rate)
        case .cut: isCut = true
        case .silence: isSilent = true
        case .answer(let status, let fields, let bytes):
            self.status = status
            headers = fields
            set("Content-Length", String(bytes.count))
            body = request.method == "HEAD" ? .none : .bytes(bytes)
        case .redirect(let location, let status):
            self.status = status
            for name in ["Content-Length", "Content-Range", "ETag"] { headers.remove(name) }
            set("Location", location)
            set("Content-Length", "0")
            body = .none
        case .demandToken(let token):
            if request.headers["Authorization"] == "Bearer \(token)" { return }
            let text = "{\"error\":\"Invalid username or password.\"}"
            let fields: HeaderFields = [
                "X-Error-Code": "RepoNotFound", "X-Error-Message": "Invalid username or password.",
            ]
            apply(.answer(401, headers: fields, body: Array(text.utf8)), request, host)
        case .dropHeader(let name): headers.remove(name)
        case .setHeader(let name, let value): set(name, value)
        case .ignoreRange: break
        case .endlessTree(let pageSize): endlessTree(pageSize, request, host)
        case .repeatingPage: set("Link", "<http://\(host)\(request.target)>; rel=\"next\"")
        case .all(let faults): for fault in faults { apply(fault, request, host) }
        }
    }

    private mutating func set(_ name: String, _ value: String) {
        headers.remove(name)
        headers.add(name, value)
    }

    private mutating func replace(_ new: MirrorResponse.Body, _ size: Int64, _ request: RecordedRequest) {
        set("Content-Length", String(size))
        if request.method != "HEAD" { body = new }
    }

    private mutating func endlessTree(_ pageSize: Int, _ request: RecordedRequest, _ host: String) {
        guard request.path.contains("/tree/") else { return }
        let cursor =
            request.target.range(of: "cursor=").flatMap { Int(request.target[$0.upperBound...].prefix { $0.isNumber }) }
            ?? 0
        let oid = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
        let items = (0..<pageSize).map {
            "{\"type\":\"file\",\"oid\":\"\(oid)\",\"size\":0,\"path\":\"endless/\(cursor + $0)\"}"
        }
        let bytes = Array(("[" + items.joined(separator: ",") + "]").utf8)
        status = 200
        set("Link", "<http://\(host)\(request.path)?recursive=true&cursor=\(cursor + pageSize)>; rel=\"next\"")
        set("Content-Type", "application/json")
        replace(.bytes(bytes), Int64(bytes.count), request)
    }
}

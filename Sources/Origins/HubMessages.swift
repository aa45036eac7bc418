// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import FoundationEssentials

/// The Hub's JSON, as far as it is read here.
enum HubMessages {
    struct Info: Decodable {
        let id: String?
        let sha: String?
        let lastModified: String?
        let gated: Gate?
    }

    /// `false`, `"auto"` or `"manual"`.
    struct Gate: Decodable {
        let isGated: Bool
        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let flag = try? container.decode(Bool.self) {
                isGated = flag
            } else {
                isGated = (try? container.decode(String.self)) != nil
            }
        }
    }

    struct Entry: Decodable {
        let type: String
        let path: String
        let oid: String
        let size: Size
        let lfs: LargeFile?
    }

    struct LargeFile: Decodable {
        let oid: String
        let size: Size
    }

    /// A size that may be a lie: nil when it is negative, fractional or larger than 64 bits hold.
    struct Size: Decodable {
        let value: Int64?
        init(from decoder: any Decoder) throws {
            value = try? decoder.singleValueContainer().decode(Int64.self)
        }
    }

    static func decode<Message: Decodable>(
        _ type: Message.Type, _ bytes: [UInt8], _ what: String
    ) throws(Failure) -> Message {
        do { return try JSONDecoder().decode(type, from: Data(bytes)) } catch {
            throw Failure(
                .protocolViolation, "the answer to \(what) is not what a Hub sends",
                hint: "is HF_ENDPOINT the address of a Hub?", details: [reason(error)])
        }
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _): "there is no `\(Escaped(key.stringValue))`"
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            "`\(Escaped(context.codingPath.map(\.stringValue).joined(separator: ".")))` has another type"
        default: "it is not JSON"
        }
    }
}

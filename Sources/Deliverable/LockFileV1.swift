// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// The shape of `weighlock.lock`, version 1, on disk: what JSON gives, before anything about it is believed.
struct LockFileV1: Decodable {
    static let version = 1

    struct Deliverable: Decodable {
        let name: String
        let identity: String
        let behaviour: String
        let components: [ComponentEntry]
        let sources: [Source]
        let image: JSONValue?
        let launch: Launch?
        let files: [LocalEntry]
        let patches: [JSONValue]
        let variants: [JSONValue]
        let scan: Scan?
        let replacements: [Replacement]
        let defaults: [Default]
    }

    struct Scan: Decodable {
        struct File: Decodable {
            let path: String
            let verdict: String
            let rules: [String]
        }
        let rules: Int64
        let files: [File]
    }

    struct Replacement: Decodable {
        struct Result: Decodable {
            let path: String
            let size: Int64
            let sha256: String
        }
        let role: String
        let path: String
        let result: Result?
    }

    struct ComponentEntry: Decodable {
        let component: String
        let sha256: String
        let files: Int64
        let size: Int64
        let tensors: String?
    }

    struct Source: Decodable {
        let role: String
        let kind: String
        let repository: String
        let revision: String
        let include: [String]
        let exclude: [String]
        let commit: String
        let date: String?
        let files: [File]
    }

    struct File: Decodable {
        let path: String
        let size: Int64
        let sha256: String
        let git: String?
        let lfs: Bool
        let component: String
    }

    struct Launch: Decodable {
        struct Variable: Decodable {
            let name: String
            let value: String
        }
        let command: [String]
        let env: [Variable]
        let files: [String]
    }

    struct LocalEntry: Decodable {
        let path: String
        let size: Int64
        let sha256: String
        let component: String
    }

    struct Default: Decodable {
        let name: String
        let value: JSONValue
        let file: String
        let key: String?

        private enum Key: String, CodingKey {
            case name, value, file, key
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            name = try container.decode(String.self, forKey: .name)
            file = try container.decode(String.self, forKey: .file)
            key = try container.decodeIfPresent(String.self, forKey: .key)
            // `decode` of a null is an error for some decoders, and null is a value here.
            value = try container.decodeNil(forKey: .value) ? .null : container.decode(JSONValue.self, forKey: .value)
        }
    }

    let version: Int
    let identity: String
    let deliverables: [Deliverable]
}

// SPDX-License-Identifier: Apache-2.0

package import ContentModel
internal import Foundation

extension JSONValue {
    /// Parses JSON text.
    package static func parse(_ bytes: [UInt8]) throws -> JSONValue {
        try JSONDecoder().decode(JSONValue.self, from: Data(bytes))
    }

    /// The value, when it is true or false.
    package var bool: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }
}

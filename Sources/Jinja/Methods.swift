// SPDX-License-Identifier: Apache-2.0

/// Which methods values have, and which of them the sandbox hands out.
enum Methods {
    enum Access {
        case none
        case forbidden
        case allowed
    }

    private static let text: Set<String> = [
        "capitalize", "casefold", "center", "count", "encode", "endswith", "expandtabs", "find", "format",
        "format_map", "index", "isalnum", "isalpha", "isascii", "isdecimal", "isdigit", "isidentifier", "islower",
        "isnumeric", "isprintable", "isspace", "istitle", "isupper", "join", "ljust", "lower", "lstrip", "maketrans",
        "partition", "removeprefix", "removesuffix", "replace", "rfind", "rindex", "rjust", "rpartition", "rsplit",
        "rstrip", "split", "splitlines", "startswith", "strip", "swapcase", "title", "translate", "upper", "zfill",
    ]
    private static let mutators: Set<String> = [
        "append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort", "popitem", "setdefault", "update",
    ]

    static func access(_ value: Value, _ name: String) -> Access {
        switch value {
        case .string, .markup: return text.contains(name) ? .allowed : .none
        case .list:
            if ["append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"].contains(name) {
                return .forbidden
            }
            return ["copy", "count", "index"].contains(name) ? .allowed : .none
        case .tuple, .range: return ["count", "index"].contains(name) ? .allowed : .none
        case .dict:
            if ["clear", "pop", "popitem", "setdefault", "update"].contains(name) { return .forbidden }
            return ["copy", "fromkeys", "get", "items", "keys", "values"].contains(name) ? .allowed : .none
        case .int, .bool:
            return ["bit_length", "bit_count", "conjugate", "is_integer"].contains(name) ? .allowed : .none
        case .float: return ["is_integer", "conjugate"].contains(name) ? .allowed : .none
        case .cycler: return ["next", "reset"].contains(name) ? .allowed : .none
        case .iterator: return ["gi_frame", "gi_code"].contains(name) ? .forbidden : .none
        case .function(let function):
            if case .global("dict") = function.kind { return name == "fromkeys" ? .allowed : .none }
            return .none
        default: return .none
        }
    }
}

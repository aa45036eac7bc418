// SPDX-License-Identifier: Apache-2.0

/// The words that matter in templates: what is known, what is forbidden, and what sounds like a trick.
enum TemplateWords {
    /// Attributes that lead out of any value, besides those that begin with two underscores.
    static let inner: Set<String> = [
        "mro", "func_globals", "func_code", "func_closure", "func_defaults", "im_func", "im_self", "im_class",
        "gi_frame",
        "gi_code", "gi_yieldfrom", "cr_frame", "cr_code", "ag_frame", "ag_code", "f_globals", "f_locals", "f_builtins",
        "f_back",
        "f_code", "tb_frame", "tb_next", "co_code", "co_consts", "_TemplateReference__context", "_module",
        "_load_form_data",
    ]
    /// Special names that occur in escapes, as they appear inside of texts.
    static let special = [
        "__class__", "__globals__", "__subclasses__", "__mro__", "__builtins__", "__import__", "__base__", "__bases__",
        "__getattribute__", "__reduce__", "__reduce_ex__", "__code__", "__closure__", "__loader__", "__dict__",
        "__getitem__",
        "_TemplateReference__context",
    ]
    /// Functions that run commands or code.
    static let dangerousCalls: Set<String> = [
        "popen", "Popen", "system", "check_output", "check_call", "getoutput", "getstatusoutput", "eval", "exec",
        "execfile",
        "execute_command", "import_module", "load_module", "exec_module", "find_module", "spawn", "spawnl", "urlopen",
        "rmtree",
        "from_pyfile", "__import__", "compile", "open", "getattr", "setattr", "globals", "locals", "vars", "subprocess",
    ]
    /// Functions that loaders give to templates, and Jinja's own.
    static let functions: Set<String> = [
        "raise_exception", "strftime_now", "range", "namespace", "dict", "cycler", "joiner", "lipsum", "caller", "loop",
        "super",
        "raise", "tojson",
    ]
    /// Jinja's filters, and those that loaders add.
    static let filters: Set<String> = [
        "abs", "attr", "batch", "capitalize", "center", "count", "d", "default", "dictsort", "e", "escape",
        "filesizeformat",
        "first", "float", "forceescape", "format", "groupby", "indent", "int", "items", "join", "last", "length",
        "list", "lower",
        "map", "max", "min", "pprint", "random", "reject", "rejectattr", "replace", "reverse", "round", "safe",
        "select",
        "selectattr", "slice", "sort", "string", "striptags", "sum", "title", "tojson", "trim", "truncate", "unique",
        "upper",
        "urlencode", "urlize", "wordcount", "wordwrap", "xmlattr", "from_json", "fromjson",
    ]
    /// Jinja's tests.
    static let tests: Set<String> = [
        "odd", "even", "divisibleby", "defined", "undefined", "filter", "test", "none", "boolean", "false", "true",
        "integer",
        "float", "lower", "upper", "string", "mapping", "number", "sequence", "iterable", "callable", "sameas",
        "escaped", "in",
        "==", "eq", "equalto", "!=", "ne", ">", "gt", "greaterthan", "ge", ">=", "<", "lt", "lessthan", "<=", "le",
        "startingwith",
        "endingwith",
    ]
    /// Phrases that keep something from the user or undo what was said before.
    static let secrecy = [
        "do not mention", "don't mention", "never mention this", "do not reveal this", "do not disclose this",
        "do not tell the user",
        "don't tell the user", "without telling the user", "without the user knowing", "hide this from the user",
        "ignore previous instructions", "ignore all previous instructions", "ignore the previous instructions",
        "disregard previous instructions", "disregard all previous", "forget previous instructions",
    ]

    /// The special name that is in `text`, if one is.
    static func special(in text: String) -> String? {
        guard CheckText.contains(text, "_") else { return nil }
        return special.first { CheckText.contains(text, $0) }
    }

    /// The first web address in `text` that is not one of a schema.
    static func address(in text: String) -> String? {
        let bytes = Array(CheckText.lowered(text).utf8)
        var start = 0
        while let found = CheckText.find(Array("://".utf8), in: bytes, from: start) {
            start = found + 3
            let head = bytes[..<found].suffix(5)
            guard head.elementsEqual("https".utf8) || head.suffix(4).elementsEqual("http".utf8) else { continue }
            let host = bytes[start...].prefix {
                $0 > 0x20 && $0 != 0x2F && $0 != 0x22 && $0 != 0x27 && $0 != 0x3E && $0 != 0x29
            }
            let name = String(decoding: host, as: UTF8.self)
            guard !["json-schema.org", "www.w3.org", "example.com", "www.example.com", "example.org"].contains(name)
            else { continue }
            return name.isEmpty ? "://" : name
        }
        return nil
    }

    /// The phrase of secrecy that is in `text`, if one is.
    static func secrecy(in text: String) -> String? {
        let lower = CheckText.lowered(text)
        return secrecy.first { CheckText.contains(lower, $0) }
    }

    /// Whether a text that a condition looks for is made of words that people write, not a mark of the model's format.
    static func isNatural(_ text: String) -> Bool {
        var letters = 0
        for scalar in text.unicodeScalars {
            if "<>[]{}|/\\#:`*=_".unicodeScalars.contains(scalar) { return false }
            if scalar.properties.isAlphabetic { letters += 1 }
        }
        return letters >= 2
    }

    /// How many words a text has outside of tags such as `<|im_start|>`.
    static func words(in text: String) -> Int {
        var count = 0
        var depth = 0
        var letters = 0
        for scalar in text.unicodeScalars {
            switch scalar {
            case "<", "[": (depth, letters) = (depth + 1, 0)
            case ">", "]": (depth, letters) = (max(0, depth - 1), 0)
            case _ where scalar.properties.isAlphabetic || scalar == "'":
                letters += 1
                if letters == 2, depth == 0 { count += 1 }
            default: letters = 0
            }
        }
        return count
    }

    /// What can be said of a template that is not understood.
    static func check(unparsable text: String, at place: ScanPlace, into findings: inout ScanFindings) {
        guard let name = special(in: text) else { return }
        findings.add(.templateEscape, place, "a template that cannot be parsed names `\(name)`", name: name)
    }
}

// SPDX-License-Identifier: Apache-2.0

extension PythonScan {
    /// A call of something that has a name.
    struct Call {
        /// What is called, followed through imports; nil when that is not known.
        let name: String?
        /// What is called, as it is written first: `helper` in `helper(…)`.
        let written: String
        /// Where the expression begins.
        let start: Int
        /// The opening bracket.
        let open: Int
        /// The closing bracket.
        let close: Int
        /// Whether the name was put together to hide it.
        let isHidden: Bool
    }

    /// An expression of names, dots, calls and keys: `sys.modules['os'].system(…)`.
    struct Chain {
        /// What it stands for as a whole.
        var name: String?
        var calls: [Call] = []
        /// The first token after it.
        var end: Int
        var isHidden = false
    }

    /// Links of a chain that are followed.
    private static let links = 256
    /// Chains inside the arguments of chains that are followed.
    private static let nestedLinks = 16

    /// Follows the expression that begins with the name at `start`.
    func chain(at start: Int, depth: Int = 0) -> Chain {
        let first = tokens[start].text
        var chain = Chain(name: aliases[first] ?? PythonNames.builtIn[first] ?? first, end: start + 1)
        for _ in 0..<PythonScan.links {
            guard chain.end < tokens.count else { break }
            let token = tokens[chain.end]
            if token.isSymbol("."), chain.end + 1 < tokens.count, tokens[chain.end + 1].kind == .name {
                let name = tokens[chain.end + 1].text
                chain.name = chain.name.map { $0 + "." + name }
                chain.end += 2
            } else if token.isSymbol("("), closing[chain.end] > chain.end {
                let close = closing[chain.end]
                chain.calls.append(
                    Call(
                        name: chain.name, written: first, start: start, open: chain.end, close: close,
                        isHidden: chain.isHidden))
                follow(call: chain.end + 1..<close, in: &chain, depth)
                chain.end = close + 1
            } else if token.isSymbol("["), closing[chain.end] > chain.end {
                follow(key: chain.end + 1..<closing[chain.end], in: &chain)
                chain.end = closing[chain.end] + 1
            } else {
                break
            }
        }
        return chain
    }

    /// `(os.system)('…')`: a call of what stands alone in brackets.
    func bracketed(_ chain: Chain, _ index: Int) -> Call? {
        guard index > 0, tokens[index - 1].isSymbol("("), closing[index - 1] == chain.end, chain.end + 1 < tokens.count,
            tokens[chain.end + 1].isSymbol("("), closing[chain.end + 1] > chain.end + 1
        else { return nil }
        return Call(
            name: chain.name, written: tokens[index].text, start: index, open: chain.end + 1,
            close: closing[chain.end + 1], isHidden: chain.isHidden)
    }

    /// Functions that run code, and do nothing else.
    static let certain: Set<String> = [
        "builtins.exec", "builtins.eval", "types.FunctionType", "types.CodeType", "runpy.run_path", "code.interact",
        "code.InteractiveInterpreter",
    ]

    /// Functions that, handed to another call while a file is imported, are there to be called by it.
    static let handed: Set<String> = ["os.system", "os.popen", "posix.system", "builtins.exec", "builtins.eval"]

    /// What the result of a call stands for, when it is another name.
    private func follow(call range: Range<Int>, in chain: inout Chain, _ depth: Int) {
        guard depth < PythonScan.nestedLinks else { return chain.name = nil }
        switch chain.name {
        case "builtins.__import__", "__import__", "importlib.import_module", "importlib.__import__":
            guard let module = constant(parts(of: range).first ?? range) else { return chain.name = nil }
            chain.isHidden = chain.isHidden || module.isBuilt
            chain.name = module.text
        case "getattr", "builtins.getattr":
            let parts = parts(of: range)
            guard parts.count >= 2, let first = parts[0].first, tokens[first].kind == .name,
                let name = constant(parts[1])
            else {
                return chain.name = nil
            }
            let owner = self.chain(at: first, depth: depth + 1)
            chain.isHidden = chain.isHidden || name.isBuilt || owner.isHidden
            chain.name = owner.name.map { $0 + "." + name.text }
        case "get_ipython", "IPython.get_ipython", "IPython.core.getipython.get_ipython": chain.name = "IPython.shell"
        case "globals", "locals": chain.name = "globals()"
        case "ctypes.CDLL", "ctypes.PyDLL", "ctypes.cdll.LoadLibrary": chain.name = "ctypes.CDLL()"
        case "sys.modules.get": chain.name = (parts(of: range).first.flatMap { constant($0) })?.text
        case "vars", "builtins.vars":
            guard let first = range.first, tokens[first].kind == .name else { return chain.name = nil }
            chain.name = self.chain(at: first, depth: depth + 1).name.map { $0 + ".__dict__" }
        default:
            if let name = chain.name, name.hasSuffix(".__getattribute__"), let attribute = constant(range) {
                chain.isHidden = chain.isHidden || attribute.isBuilt
                chain.name = name.dropLast(".__getattribute__".count) + "." + attribute.text
            } else if let name = chain.name, name.hasSuffix(".__dict__.get"),
                let attribute = parts(of: range).first.flatMap({ constant($0) })
            {
                chain.isHidden = chain.isHidden || attribute.isBuilt
                chain.name = name.dropLast("__dict__.get".count) + attribute.text
            } else {
                chain.name = nil
            }
        }
    }

    /// What an element stands for, when it is another name.
    private func follow(key range: Range<Int>, in chain: inout Chain) {
        guard let name = chain.name, let key = constant(range) else { return chain.name = nil }
        let owner: String
        switch name {
        case "sys.modules", "globals()": owner = ""
        case "__builtins__", "__builtins__.__dict__", "builtins.__dict__": owner = "builtins."
        default:
            guard name.hasSuffix(".__dict__") else { return chain.name = nil }
            owner = name.dropLast("__dict__".count) + ""
        }
        chain.isHidden = chain.isHidden || key.isBuilt
        chain.name = owner.isEmpty ? aliases[key.text] ?? key.text : owner + key.text
    }

    /// The arguments between brackets.
    private func parts(of range: Range<Int>) -> [Range<Int>] {
        var parts: [Range<Int>] = []
        var start = range.lowerBound
        var index = range.lowerBound
        while index < range.upperBound {
            if tokens[index].isSymbol(",") {
                parts.append(start..<index)
                start = index + 1
            } else if closing[index] > index {
                index = closing[index]
            }
            index += 1
        }
        if start < range.upperBound { parts.append(start..<range.upperBound) }
        return parts
    }

    // MARK: - Constants

    /// The text that an expression is, when it is made of constants, and whether more than one was needed.
    func constant(_ range: Range<Int>, depth: Int = 0) -> (text: String, isBuilt: Bool)? {
        guard depth < 16, budget.bytes > 0, !range.isEmpty, range.upperBound <= tokens.count, range.count <= 4096 else {
            return nil
        }
        var text = ""
        var isBuilt = false
        var index = range.lowerBound
        var terms = 0
        while index < range.upperBound {
            if terms > 0 {
                guard tokens[index].isSymbol("+") else { return nil }
                index += 1
                isBuilt = true
            }
            guard let term = term(&index, range.upperBound, depth) else { return nil }
            text += term.text
            budget.bytes -= term.text.utf8.count + 1
            isBuilt = isBuilt || term.isBuilt
            terms += 1
            guard text.utf8.count <= CheckLimits.foldedBytes else { return nil }
        }
        return terms > 0 ? (text, isBuilt) : nil
    }

    private func term(_ index: inout Int, _ end: Int, _ depth: Int) -> (text: String, isBuilt: Bool)? {
        guard index < end else { return nil }
        var value: (text: String, isBuilt: Bool)
        let token = tokens[index]
        if token.kind == .string {
            value = ("", false)
            var count = 0
            while index < end, tokens[index].kind == .string {
                value.text += tokens[index].text
                index += 1
                count += 1
            }
            // A long text over several lines is ordinary; a short name in pieces is not.
            value.isBuilt = count > 1 && value.text.utf8.count < 40
        } else if token.isSymbol("("), closing[index] > index, closing[index] < end {
            guard let inner = constant(index + 1..<closing[index], depth: depth + 1) else { return nil }
            value = inner
            index = closing[index] + 1
        } else if token.kind == .name {
            guard let named = named(&index, end, depth) else { return nil }
            value = named
        } else {
            return nil
        }
        // What is done with the text: `[::-1]`, `.decode()`, `.join([…])`, `.lower()`.
        for _ in 0..<16 {
            guard index < end else { break }
            if tokens[index].isSymbol("["), closing[index] > index {
                let inner = tokens[index + 1..<closing[index]].map(\.text).joined()
                guard inner == "::-1" else { return nil }
                value = (String(String.UnicodeScalarView(value.text.unicodeScalars.reversed())), true)
                index = closing[index] + 1
            } else if tokens[index].isSymbol("."), index + 2 < end, tokens[index + 2].isSymbol("("),
                closing[index + 2] > index
            {
                let arguments = index + 3..<closing[index + 2]
                switch tokens[index + 1].text {
                case "decode", "encode", "strip": break
                case "lower": value.text = value.text.lowercased()
                case "upper": value.text = value.text.uppercased()
                case "join":
                    guard let items = list(arguments, depth) else { return nil }
                    value = (items.joined(separator: value.text), true)
                case "replace":
                    let given = parts(of: arguments).map { constant($0, depth: depth + 1) }
                    guard given.count >= 2, let old = given[0], let new = given[1], !old.text.isEmpty else {
                        return nil
                    }
                    value = (value.text.split(separatorText: old.text).joined(separator: new.text), true)
                default: return nil
                }
                index = closing[index + 2] + 1
            } else {
                break
            }
        }
        return value
    }

    private func named(_ index: inout Int, _ end: Int, _ depth: Int) -> (text: String, isBuilt: Bool)? {
        var name = tokens[index].text
        var place = index + 1
        while place + 1 < end, tokens[place].isSymbol("."), tokens[place + 1].kind == .name {
            // A method of a constant is left to the caller.
            if constants[name] != nil { break }
            name += "." + tokens[place + 1].text
            place += 2
        }
        guard place < end, tokens[place].isSymbol("("), closing[place] > place, closing[place] < end else {
            guard let value = constants[name] else { return nil }
            index = place
            return value
        }
        let arguments = place + 1..<closing[place]
        index = closing[place] + 1
        let function = name.split(separator: ".").last.map(String.init) ?? name
        switch function {
        case "chr":
            guard arguments.count == 1, let code = integer(arguments.lowerBound), let scalar = Unicode.Scalar(code)
            else { return nil }
            return (String(scalar), true)
        case "str": return constant(arguments, depth: depth + 1)
        case "bytes", "bytearray":
            guard let items = list(arguments, depth) else { return nil }
            return (items.joined(), true)
        case "fromhex", "unhexlify":
            guard let text = constant(arguments, depth: depth + 1)?.text else { return nil }
            return Decoding.hex(text).map { ($0, true) }
        case "b64decode", "urlsafe_b64decode", "decodebytes", "a2b_base64":
            guard let first = parts(of: arguments).first, let text = constant(first, depth: depth + 1)?.text else {
                return nil
            }
            return Decoding.base64(text).map { ($0, true) }
        default: return nil
        }
    }

    private func integer(_ index: Int) -> UInt32? {
        guard tokens[index].kind == .number else { return nil }
        let text = tokens[index].text
        if text.hasPrefix("0x") || text.hasPrefix("0X") { return UInt32(text.dropFirst(2), radix: 16) }
        return UInt32(text)
    }

    /// The texts of a list, a tuple, or `map(chr, […])`; numbers count as the characters of that number.
    private func list(_ range: Range<Int>, _ depth: Int) -> [String]? {
        guard depth < 16, let first = range.first else { return nil }
        if tokens[first].isName("map"), first + 1 < range.upperBound, closing[first + 1] > first {
            let given = parts(of: first + 2..<closing[first + 1])
            return given.count == 2 ? list(given[1], depth + 1) : nil
        }
        guard tokens[first].isSymbol("[") || tokens[first].isSymbol("("), closing[first] > first else { return nil }
        var texts: [String] = []
        for part in parts(of: first + 1..<closing[first]) {
            if part.count == 1, let code = integer(part.lowerBound) {
                guard let scalar = Unicode.Scalar(code) else { return nil }
                texts.append(String(scalar))
            } else {
                guard let text = constant(part, depth: depth + 1) else { return nil }
                texts.append(text.text)
            }
        }
        return texts
    }

    /// The two encodings that hide a name most often.
    private enum Decoding {
        static func hex(_ text: String) -> String? {
            let digits = text.utf8.filter { $0 > 0x20 }.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
            guard digits.count.isMultiple(of: 2) else { return nil }
            let bytes = stride(from: 0, to: digits.count, by: 2).map {
                UInt8(truncatingIfNeeded: digits[$0] << 4 | digits[$0 + 1])
            }
            return String(decoding: bytes, as: UTF8.self)
        }

        static func base64(_ text: String) -> String? {
            var bytes: [UInt8] = []
            var (value, bits) = (UInt32(0), 0)
            for byte in text.utf8 where byte > 0x20 && byte != UInt8(ascii: "=") {
                let digit: UInt8
                switch byte {
                case 0x41...0x5A: digit = byte - 0x41
                case 0x61...0x7A: digit = byte - 0x61 + 26
                case 0x30...0x39: digit = byte - 0x30 + 52
                case UInt8(ascii: "+"), UInt8(ascii: "-"): digit = 62
                case UInt8(ascii: "/"), UInt8(ascii: "_"): digit = 63
                default: return nil
                }
                value = value << 6 | UInt32(digit)
                bits += 6
                if bits >= 8 {
                    bits -= 8
                    bytes.append(UInt8(truncatingIfNeeded: value >> UInt32(bits)))
                }
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }
}

extension String {
    /// The pieces between occurrences of a text.
    fileprivate func split(separatorText: String) -> [String] {
        let (text, part) = (Array(utf8), Array(separatorText.utf8))
        var pieces: [String] = []
        var start = 0
        while let found = CheckText.find(part, in: text, from: start) {
            pieces.append(String(decoding: text[start..<found], as: UTF8.self))
            start = found + part.count
        }
        return pieces + [String(decoding: text[start...], as: UTF8.self)]
    }
}

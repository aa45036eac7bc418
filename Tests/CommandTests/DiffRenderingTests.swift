// SPDX-License-Identifier: Apache-2.0

import CommandLine
import ContentModel
import Drift
import Foundation
import Safetensors
import TestKit
import Testing

@Suite struct `What a report of drift looks like` {
    private static func text(_ report: DriftReport, width: Int = 100, _ filter: DriftView.Filter = .init()) -> String {
        DriftText(width: width).lines([DriftView(report, filter)]).joined(separator: "\n") + "\n"
    }

    /// The same report in several forms, each under a heading.
    private static func check(_ name: String, _ parts: KeyValuePairs<String, String>) throws {
        try Snapshot(name).check(parts.map { "===== \($0)\n\($1)" }.joined(separator: "\n"))
    }

    // MARK: - The decisive line

    @Test func `the first line says whether an output can differ, and never calls equal what was not checked`() throws {
        let unchecked = DriftReport.Unchecked(file: "model.bin", reason: "not read")
        let table: [(DriftReport, String)] = [
            (
                try DriftReportSamples.everything(),
                "behaviour changed: 2 breaking, 5 behaviour, 1 security, 2 cosmetic; 2 not checked"
            ),
            (try DriftReportSamples.cosmetic(), "no behaviour change: 4 cosmetic changes"),
            (try DriftReportSamples.report([DriftReportSamples.card]), "no behaviour change: 1 cosmetic change"),
            (
                try DriftReportSamples.security(),
                "no behaviour change, but what runs or who controls it did: 1 security, 1 cosmetic"
            ),
            (try DriftReportSamples.equal(), "no difference: 9 files with the same bytes"),
            (try DriftReportSamples.report([], same: 0), "no difference"),
            (try DriftReportSamples.report([], different: 2), "no behaviour change: 2 files differ without effect"),
            (try DriftReportSamples.report([], different: 1), "no behaviour change: 1 file differs without effect"),
            (
                try DriftReportSamples.unknown(),
                "behaviour not known: 1 part could not be compared; found so far: 1 cosmetic"
            ),
            (
                try DriftReportSamples.report([], unchecked: [unchecked, unchecked]),
                "behaviour not known: 2 parts could not be compared"
            ),
            (
                try DriftReportSamples.report([DriftReportSamples.sampling], unchecked: [unchecked]),
                "behaviour changed: 1 behaviour; 1 not checked"
            ),
        ]
        for (report, headline) in table {
            let view = DriftView(report)
            #expect(view.headline == headline)
            #expect(Self.text(report).hasPrefix("tiny: \(headline)\n"))
            #expect(DriftMarkdown.text([view]).contains("### `tiny`: \(headline)\n"))
            #expect(DriftHTML.page([view]).contains(">\(headline)</p>"))
            #expect(DriftJSON.text([view]).contains("\"headline\": \"\(headline)\""))
        }
    }

    @Test func `a filter hides changes and never the verdict`() throws {
        let view = DriftView(try DriftReportSamples.everything(), .init(classes: [.docs], severity: .cosmetic))
        #expect(view.changes.map(\.rule) == ["card-prose"])
        #expect(view.hidden == 9)
        #expect(view.headline.hasPrefix("behaviour changed: 2 breaking"))
        #expect(
            Self.text(view.report, .init(classes: [.docs])).contains(
                "9 changes of other classes or severities not listed"))
        #expect(DriftView(try DriftReportSamples.everything(), .init(severity: .behaviour)).changes.count == 7)
        // Nothing of the class differs, but something was not looked at.
        #expect(DriftView(try DriftReportSamples.unknown(), .init(classes: [.weights])).differs)
        #expect(!DriftView(try DriftReportSamples.cosmetic(), .init(classes: [.weights])).differs)
    }

    // MARK: - Terminal

    @Test func `the terminal shows the changes by severity with the beginning of what proves them`() throws {
        let report = try DriftReportSamples.everything()
        var verbose = DriftText(width: 100)
        verbose.isVerbose = true
        var statistics = DriftText(width: 100)
        statistics.form = .statistics
        var unified = DriftText(width: 100)
        unified.form = .unified
        let view = DriftView(report)
        func lines(_ text: DriftText) -> String { text.lines([view]).joined(separator: "\n") + "\n" }
        try Self.check(
            "diff-text",
            [
                "the report": Self.text(report), "verbose": lines(verbose), "statistics": lines(statistics),
                "unified": lines(unified), "narrow": Self.text(report, width: 44),
                "cosmetic": Self.text(try DriftReportSamples.cosmetic()),
                "security": Self.text(try DriftReportSamples.security()),
                "unknown": Self.text(try DriftReportSamples.unknown()),
                "several": DriftText(width: 100).lines([view, DriftView(try DriftReportSamples.equal())]).suffix(6)
                    .joined(
                        separator: "\n") + "\n",
            ])
    }

    @Test func `colours change nothing but colours`() throws {
        for report in [try DriftReportSamples.everything(), try DriftReportSamples.unknown()] {
            for width in [30, 60, 100] {
                let coloured = DriftText(width: width, isColored: true).lines([DriftView(report)])
                let plain = DriftText(width: width).lines([DriftView(report)])
                #expect(coloured != plain)
                #expect(coloured.map { $0.replacing(#/\u{1B}\[\d+m/#, with: "") } == plain)
            }
        }
    }

    @Test(arguments: [30, 44, 60, 80, 100]) func `prose keeps to the width of the terminal`(width: Int) throws {
        // Lines of a difference are never wrapped; all else is.
        let report = try DriftReportSamples.report(
            DriftReportSamples.everything().changes.filter { change in
                switch change.evidence {
                case .text, .prompts: false
                default: true
                }
            }, unchecked: DriftReportSamples.everything().unchecked, defaults: DriftReportSamples.defaults())
        var text = DriftText(width: width)
        text.isVerbose = true
        for line in text.lines([DriftView(report)]) {
            // What has no space in it is never broken.
            let indent = line.prefix { $0 == " " }.count
            let longest = line.split(separator: " ").map(\.count).max() ?? 0
            #expect(line.count <= max(width, indent + longest + 2), "\(line)")
        }
    }

    @Test func `nothing of a stranger moves the cursor, colours the terminal or turns the direction of writing`() throws
    {
        let view = DriftView(try DriftReportSamples.hostile())
        for form in [DriftText.Form.report, .statistics, .unified] {
            var text = DriftText(width: 100)
            text.form = form
            text.isVerbose = true
            for line in text.lines([view]) {
                for scalar in line.unicodeScalars {
                    #expect(
                        ![.control, .format, .lineSeparator].contains(scalar.properties.generalCategory), "\(line)")
                }
            }
        }
    }

    // MARK: - JSON

    @Test func `the JSON document has everything, as the schema says`() throws {
        let views = [
            DriftView(try DriftReportSamples.everything()), DriftView(try DriftReportSamples.equal()),
            DriftView(try DriftReportSamples.unknown(), .init(classes: [.weights])),
        ]
        let text = DriftJSON.text(views)
        try Snapshot("diff-json").check(text + "\n")
        let value = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let reports = try #require(value["reports"] as? [[String: Any]])
        #expect(reports.map { $0["verdict"] as? String } == ["changed", "unchanged", "unknown"])
        #expect((reports[0]["changes"] as? [Any])?.count == 10)
        #expect(reports[2]["hidden"] as? Int == 1)
    }

    @Test func `hostile text is JSON, exactly`() throws {
        let text = DriftJSON.text([DriftView(try DriftReportSamples.hostile())])
        let value = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let changes = try #require((value["reports"] as? [[String: Any]])?.first?["changes"] as? [[String: Any]])
        let summaries = Set(changes.compactMap { ($0["summary"] as? String).map { Array($0.utf8) } })
        for text in DriftReportSamples.hostileTexts { #expect(summaries.contains(Array(text.utf8)), "\(text)") }
        // For the schema's test in Python.
        try Snapshot("diff-json-hostile").check(text + "\n")
    }

    // MARK: - Markdown

    @Test func `Markdown has what decides, a table, and folds`() throws {
        try Self.check(
            "diff-markdown",
            [
                "everything": DriftMarkdown.text([DriftView(try DriftReportSamples.everything())]),
                "two reports": DriftMarkdown.text([
                    DriftView(try DriftReportSamples.cosmetic()), DriftView(try DriftReportSamples.unknown()),
                ]),
            ])
    }

    @Test func `hostile text neither becomes markup nor notifies anybody`() throws {
        let text = DriftMarkdown.text([DriftView(try DriftReportSamples.hostile())])
        // A model of what a host does: fences first, then code spans, then HTML.
        var fence: Substring?
        var prose: [String] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            // A fence may be indented by up to three spaces: a context line of a difference has one.
            let indent = line.prefix { $0 == " " }.count
            let ticks = line.dropFirst(min(3, indent)).prefix { $0 == "`" }
            if let open = fence {
                if ticks.count >= open.count, indent <= 3, ticks.count == line.count - indent { fence = nil }
            } else if ticks.count >= 3 {
                #expect(line.dropFirst(ticks.count) == "diff")
                fence = ticks
            } else {
                prose.append(String(line))
            }
        }
        #expect(fence == nil)
        let tags = ["<details>", "<details open>", "</details>", "<summary>", "</summary>", "<code>", "</code>"]
        for line in prose {
            let outside = Self.withoutCode(line)
            var rest = outside == DriftMarkdown.marker ? "" : outside
            for tag in tags { rest = rest.replacing(tag, with: "") }
            #expect(!rest.contains("<"), "\(line)")
            #expect(rest.firstMatch(of: #/@[A-Za-z0-9]/#) == nil, "\(line)")
            #expect(rest.firstMatch(of: #/[^&]#[0-9]/#) == nil, "\(line)")
            #expect(rest.firstMatch(of: #/[^\\]\]\(/#) == nil, "\(line)")
            #expect(rest.firstMatch(of: #/https?:\/\//#) == nil, "\(line)")
            #expect(!rest.contains("www."), "\(line)")
            // A row has the cells of its table: five of changes, three of defaults, six of tensors.
            if line.hasPrefix("|") { #expect([4, 6, 7].contains(rest.count { $0 == "|" }), "\(line)") }
            for scalar in line.unicodeScalars {
                #expect(![.control, .format].contains(scalar.properties.generalCategory), "\(line)")
            }
        }
    }

    /// A line without its code spans.
    private static func withoutCode(_ line: String) -> String {
        var out = ""
        var rest = Substring(line)
        while let tick = rest.firstIndex(of: "`") {
            out += rest[..<tick]
            let isEscaped = out.hasSuffix("\\")
            let run = rest[tick...].prefix { $0 == "`" }
            rest = rest[run.endIndex...]
            if isEscaped { continue }
            // The span ends with a run of the same length.
            var end = rest.startIndex
            while let next = rest[end...].firstIndex(of: "`") {
                let found = rest[next...].prefix { $0 == "`" }
                if found.count == run.count {
                    rest = rest[found.endIndex...]
                    end = rest.startIndex
                    break
                }
                end = found.endIndex
            }
        }
        return out + rest
    }

    @Test func `a comment never exceeds its limit, and says what it left out`() throws {
        let wide = (0..<400).map { "-old \($0) " + String(repeating: "x", count: 200) }
        let changes = (0..<300).map { index in
            DriftChange(
                "template-changed", .prompt, index < 3 ? .breaking : .behaviour, .chatTemplate,
                [.init("file-\(index).jinja")],
                "template \(index)", evidence: .text(DriftReportSamples.diff(wide)))
        }
        let report = try DriftReportSamples.report(changes)
        for views in [[DriftView(report)], Array(repeating: DriftView(report), count: 20)] {
            let text = DriftMarkdown.text(views)
            #expect(text.unicodeScalars.count <= DriftMarkdown.maximumLength)
            #expect(text.unicodeScalars.count > DriftMarkdown.maximumLength / 2)
            #expect(text.contains("> **Cut:** "))
            #expect(text.contains("and 180 more changes that the table leaves out"))
        }
        #expect(!DriftMarkdown.text([DriftView(try DriftReportSamples.everything())]).contains("**Cut:**"))
        // Headlines alone are too long: whole reports are left out, and counted.
        let many = Array(repeating: DriftView(try DriftReportSamples.equal()), count: 500)
        let text = DriftMarkdown.text(many)
        #expect(text.unicodeScalars.count <= DriftMarkdown.maximumLength)
        #expect(text.contains("whole reports left out"))
    }

    // MARK: - HTML

    /// The names of all elements, and of all attributes, of a page.
    private static func markup(_ page: String) -> (elements: Set<String>, attributes: Set<String>) {
        var (elements, attributes): (Set<String>, Set<String>) = ([], [])
        // Outside of the style, which is ours, every `<` begins a tag.
        let body = page.replacing(#/<style>[^<]*<\/style>/#, with: "")
        for tag in body.matches(of: #/<(\/?[^\s>]+)([^>]*)>/#) {
            elements.insert(String(tag.output.1))
            for attribute in tag.output.2.matches(of: #/([^\s=]+)="[^"]*"/#) {
                attributes.insert(String(attribute.output.1))
            }
        }
        return (elements, attributes)
    }

    @Test func `the page of hostile text has the elements and attributes of any page and no other`() throws {
        let known = [
            "!DOCTYPE", "html", "head", "meta", "title", "body", "main", "p", "h1", "h2", "h3", "h4", "ul", "li", "b",
            "span",
            "div", "table", "thead", "tbody", "tr", "th", "td", "code", "section", "article", "details", "summary", "i",
            "del",
            "ins", "pre", "figure", "svg", "g", "rect", "text", "footer", "br", "a",
        ]
        let attributes: Set = [
            "lang", "charset", "http-equiv", "content", "name", "class", "id", "data-name", "title", "aria-label",
            "aria-hidden", "role", "width", "height", "viewBox", "x", "y", "rx", "text-anchor", "href",
        ]
        for report in [try DriftReportSamples.hostile(), try DriftReportSamples.everything()] {
            let page = DriftHTML.page([DriftView(report), DriftView(report)])
            let found = Self.markup(page)
            let unknown = found.elements.filter { !known.contains($0.hasPrefix("/") ? String($0.dropFirst()) : $0) }
            #expect(unknown.isEmpty)
            #expect(found.attributes.subtracting(attributes).isEmpty)
            #expect(page.matches(of: #/<style/#).count == 1)
            for scalar in page.unicodeScalars where scalar != "\n" && scalar != "\t" {
                let isSafe = ![.control, .format, .lineSeparator].contains(scalar.properties.generalCategory)
                #expect(isSafe, "\(scalar.value)")
            }
        }
    }

    @Test func `the page refers to nothing outside of itself, and its policy allows nothing but its style`() throws {
        let page = DriftHTML.page([DriftView(try DriftReportSamples.everything())])
        #expect(page.contains(#"content="default-src &#39;none&#39;; style-src &#39;sha256-"#))
        let style = try #require(page.firstMatch(of: #/<style>([^<]*)<\/style>/#)?.output.1)
        let digest = Data(Digest(of: Array(style.utf8)).bytes).base64EncodedString()
        #expect(page.contains("sha256-\(digest)&#39;"))
        for word in ["http:", "https:", "src=", "url(", "@import", "<script", "<link", "style=\""] {
            #expect(!page.contains(word), "\(word)")
        }
    }

    @Test func `every change, proof and unchecked part is on the page`() throws {
        let report = try DriftReportSamples.everything()
        let page = DriftHTML.page([DriftView(report)])
        for change in report.changes { #expect(page.contains(">\(change.rule)</li>")) }
        #expect(page.contains("onnx/model.onnx"))
        // Words that differ are marked, and only these.
        #expect(page.contains("You answer in one <ins>short </ins>sentence.&lt;|im_end|&gt;"))
        #expect(page.contains("<ins>&lt;think&gt;</ins>"))
        // The picture: a square with its numbers behind it, and the steps of the scale.
        #expect(page.contains("<title>encoder.layer.0.attention.query.weight: changed, F32 [384, 384], max |Δ| 3e-07"))
        for step in 0...6 { #expect(page.contains("class=\"d\(step)\"")) }
    }

    @Test func `a page of very many tensors stays small`() throws {
        let tensors = (0..<20_000).map { DriftReportSamples.tensor("a.\($0 % 500).b\($0 / 500).weight", 0.1) }
        let change = DriftChange(
            "weights-changed", .weights, .behaviour, .weights, [.init("model.safetensors")], "all",
            evidence: .tensors(tensors))
        let page = DriftHTML.page([DriftView(try DriftReportSamples.report([change]))])
        #expect(page.utf8.count < 4 << 20)
        #expect(page.contains("without a place in the picture"))
    }

    // MARK: - Numbers

    @Test(arguments: [
        (0.0, "0"), (1, "1"), (0.00312, "0.00312"), (0.0031249, "0.00312"), (0.0009999, "0.001"), (0.0001, "0.0001"),
        (0.00001, "1e-05"), (4.123e-7, "4.12e-07"), (9.999e-5, "0.0001"), (12.5, "12.5"), (999.9, "1000"),
        (123_456, "123000"),
        (1e6, "1e+06"), (1.5e9, "1.5e+09"), (-0.25, "−0.25"), (.infinity, "∞"), (-.infinity, "−∞"),
        (.leastNonzeroMagnitude, "4.94e-324"),
        (.greatestFiniteMagnitude, "1.8e+308"), (100, "100"), (9.995, "9.99"), (99.96, "100"),
    ])
    func `a number has three significant digits`(value: Double, text: String) {
        #expect(DriftNumber.short(value) == text)
    }

    @Test(arguments: [
        (0.0, "0 %"), (1, "100 %"), (0.0042, "0.42 %"), (0.00001, "<0.01 %"), (0.99999, ">99.99 %"), (0.5, "50 %"),
        (7, "100 %"), (-1, "0 %"), (.nan, "?"), (0.1234, "12.34 %"),
    ])
    func `a share is said in hundredths of a percent, and never rounded to none or all`(share: Double, text: String) {
        #expect(DriftNumber.percent(share) == text)
    }
}

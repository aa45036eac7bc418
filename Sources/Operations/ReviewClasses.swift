// SPDX-License-Identifier: Apache-2.0

package import ContentModel
internal import Deliverable
package import Drift

/// The classes of changes that a review found, each with the worst that a change of it can do: what a person accepts or refuses.
package struct ReviewClasses: Sendable, Hashable {
    /// A class.
    package struct Entry: Sendable, Hashable {
        /// Its name: that of a `DriftClass`, or `unchecked` for what could not be compared and is no file.
        package let word: String
        /// The worst of its changes.
        package let severity: DriftSeverity
        /// How many changes there are, and files that could not be compared.
        package let count: Int

        /// Describes a class.
        package init(word: String, severity: DriftSeverity, count: Int) {
            (self.word, self.severity, self.count) = (word, severity, count)
        }
    }

    /// The word for what could not be compared and belongs to no file.
    package static let unchecked = "unchecked"

    /// The classes that changed, in the order of `DriftClass`, `unchecked` last.
    package let entries: [Entry]

    /// Takes classes that somebody has counted.
    package init(_ entries: [Entry]) { self.entries = entries }

    /// Counts the changes of reports. A file that could not be compared counts as a change of behaviour in the class of its
    /// component.
    package init(_ reports: [DriftReport]) {
        self.init(
            reports.flatMap { report in
                report.changes.map { ($0.kind.rawValue, $0.severity) }
                    + report.unchecked.filter { !ReviewClasses.isCounted($0, report) }
                    .map { (ReviewClasses.word($0.file), .behaviour) }
            })
    }

    /// Whether a file of the project that could not be compared is among the changes, in the class that it has there.
    private static func isCounted(_ unchecked: DriftReport.Unchecked, _ report: DriftReport) -> Bool {
        guard let file = unchecked.file else { return false }
        return report.changes.contains { change in
            ["local-file-changed", "packages-changed"].contains(change.rule)
                && change.places.contains { $0.key == nil && $0.file.utf8.elementsEqual(file.utf8) }
        }
    }

    /// Counts files that a listing says have changed, without having read them: each can do the worst that its component can.
    package init(files: [FileChange]) {
        self.init(
            files.map { file in
                if !file.component.affectsBehaviour { return (DriftClass.docs.rawValue, .cosmetic) }
                let kind = file.kind == .renamed ? DriftClass.packaging : ReviewClasses.kind(of: file.component)
                return (kind.rawValue, .behaviour)
            })
    }

    init(_ changes: [(word: String, severity: DriftSeverity)]) {
        let order = DriftClass.allCases.map(\.rawValue) + [ReviewClasses.unchecked]
        entries = order.compactMap { word in
            let found = changes.filter { $0.word == word }.map(\.severity)
            return found.min().map { Entry(word: word, severity: $0, count: found.count) }
        }
    }

    static func identity(_ severity: DriftSeverity) -> ReviewClasses {
        ReviewClasses([Entry(word: DriftClass.identity.rawValue, severity: severity, count: 1)])
    }

    /// Both together.
    package static func + (left: ReviewClasses, right: ReviewClasses) -> ReviewClasses {
        let all = left.entries + right.entries
        let order = DriftClass.allCases.map(\.rawValue) + [ReviewClasses.unchecked]
        return ReviewClasses(
            order.compactMap { word -> Entry? in
                let found = all.filter { $0.word == word }
                guard let severity = found.map(\.severity).min() else { return nil }
                return Entry(word: word, severity: severity, count: found.reduce(0) { $0 + $1.count })
            })
    }

    /// The worst of all; nil when nothing changed.
    package var severity: DriftSeverity? { entries.map(\.severity).min() }

    /// The classes that somebody has to accept: those that can do more than look different.
    package var decisive: [String] { entries.filter { $0.severity != .cosmetic }.map(\.word) }

    private static func word(_ file: String?) -> String {
        guard let file, let path = try? RelativePath(file) else { return unchecked }
        return kind(of: ComponentClassifier.component(of: path)).rawValue
    }

    /// The class that a change of a component most likely has, where its content is not known.
    package static func kind(of component: Component) -> DriftClass {
        switch component {
        case .weights: .weights
        case .tokenizer: .tokens
        case .chatTemplate, .prompts: .prompt
        case .generation: .sampling
        case .config, .quantization, .other, .datasets: .architecture
        case .code, .image, .packages, .launch, .patches: .code
        case .docs: .docs
        }
    }
}

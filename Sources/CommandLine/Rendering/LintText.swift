// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Drift
internal import Jinja
internal import Operations

/// What `lint` prints for people.
struct LintText {
    let terminal: Terminal

    func show(_ reports: [RenderOperation.LintReport]) {
        for report in reports {
            for item in report.items where !item.findings.isEmpty {
                terminal.output(terminal.paint(Escaped(item.copy.label, limit: 1024).description, .strong))
                for finding in item.findings { show(finding, item.copy) }
            }
        }
    }

    private func show(_ finding: TemplateFinding, _ copy: TemplateCopy) {
        let line = finding.place.map { ", line \($0.line)" } ?? ""
        terminal.output(
            "  " + terminal.paint(finding.severity.rawValue.padded(to: "warning".count), finding.severity.style) + "  "
                + terminal.paint(finding.rule.rawValue, .name) + "  \(Escaped(finding.message))\(line)")
        if let place = finding.place {
            for line in RenderText.caret(place, in: copy.text) {
                terminal.output("      " + terminal.paint(line, .faint))
            }
        }
        if let conversation = finding.conversation {
            terminal.output("      seen with " + terminal.paint(LintText.shape(conversation), .faint))
        }
        if let excerpt = finding.excerpt {
            terminal.output("      prompt    " + terminal.paint(Escaped(excerpt, limit: 240).description, .faint))
        }
    }

    /// `user, assistant (calls a tool), tool; 2 tools on offer`.
    static func shape(_ conversation: Conversation) -> String {
        let turns = conversation.messages.map { message in
            let role = Escaped(message["role"]?.string ?? "?", limit: 20).description
            if message["tool_calls"] != nil { return role + " (calls a tool)" }
            if message["reasoning_content"] != nil { return role + " (with reasoning)" }
            if message["content"]?.array != nil { return role + " (in parts)" }
            return role
        }
        var parts = [turns.joined(separator: ", ")]
        if let tools = conversation.tools { parts.append("\(counted(tools.count, "tool")) on offer") }
        return parts.joined(separator: "; ")
    }

    /// `2 templates: 1 warning, 3 notes`.
    static func summary(_ reports: [RenderOperation.LintReport]) -> String {
        let items = reports.flatMap(\.items)
        let findings = items.flatMap(\.findings)
        let counts = TemplateFinding.Severity.allCases.compactMap { severity -> String? in
            let count = findings.count { $0.severity == severity }
            return count > 0 ? counted(count, severity.rawValue) : nil
        }
        return "\(counted(items.count, "template")): "
            + (counts.isEmpty ? "no findings" : counts.joined(separator: ", "))
    }
}

extension TemplateFinding.Severity {
    /// The colour of a severity.
    fileprivate var style: Terminal.Style {
        switch self {
        case .error: .bad
        case .warning: .caution
        case .note: .faint
        }
    }
}

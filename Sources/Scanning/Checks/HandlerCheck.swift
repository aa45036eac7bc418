// SPDX-License-Identifier: Apache-2.0

/// Looks at the `MANIFEST.json` of a TorchServe archive.
enum HandlerCheck {
    /// Handlers that are part of TorchServe.
    private static let known: Set<String> = [
        "image_classifier", "image_segmenter", "object_detector", "text_classifier", "text_handler", "vision_handler",
        "base_handler",
    ]

    static func check(_ node: ScannedJSON.Node, name: String, at place: ScanPlace, into findings: inout ScanFindings) {
        guard CheckText.baseName(name) == "manifest.json" else { return }
        for model in node.all("model") {
            for key in ["handler", "modelFile", "requirementsFile"] {
                for value in model.all(key) {
                    guard let text = value.string, !text.isEmpty, !CheckText.isListed(text, in: known) else { continue }
                    let rule: ScanRule = CheckText.leavesDirectory(text) ? .handlerOutside : .handlerCode
                    findings.add(rule, place.line(value.line), "`\(key)` names \(CheckText.quoted(text))", name: text)
                }
            }
        }
    }
}

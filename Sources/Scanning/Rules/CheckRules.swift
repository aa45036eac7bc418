// SPDX-License-Identifier: Apache-2.0

extension ScanRule {
    /// The rules of all checks of documents, models and other files of a repository, in the order of their families.
    package static let checkRules: [ScanRule] =
        templateRules + configRules + pythonRules + kerasRules + graphRules + ggufRules + repositoryRules
        + documentRules

    /// Every rule about the contents of files, each once, in the order of their names.
    package static let catalogue: [ScanRule] = (pickleRules + archiveRules + contentRules + checkRules)
        .sorted { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }
}

// SPDX-License-Identifier: Apache-2.0

extension ScanRule {
    /// The rules of all checks of documents, models and other files of a repository, in the order of their families.
    package static let checkRules: [ScanRule] =
        templateRules + configRules + pythonRules + kerasRules + graphRules + ggufRules + repositoryRules + documentRules
}

// SPDX-License-Identifier: Apache-2.0

/// What kind of thing a change is, in the terms of a model: what a reviewer accepts or refuses as a whole.
package enum DriftClass: String, Sendable, Hashable, CaseIterable {
    /// The numbers of the model, whatever file they are in.
    case weights
    /// How text becomes numbers and back: vocabulary, merges, special tokens, normalisation, stop tokens.
    case tokens
    /// What the model is shown: chat templates and prompts.
    case prompt
    /// How the next token is chosen when nobody says: temperature and its kin, lengths.
    case sampling
    /// What the numbers mean: configuration of layers, attention, dtype, quantisation.
    case architecture
    /// Programs: remote code, scripts, packages, the launch command, the image.
    case code
    /// The same content in other files.
    case packaging
    /// What people read.
    case docs
    /// Whose repository it is, and whether it still is.
    case identity
}

/// What a change can do. The order is that of a review: the worst first.
package enum DriftSeverity: String, Sendable, Hashable, CaseIterable, Comparable {
    /// What worked no longer does, or does something else for everybody: other vocabulary ids, tensors gone, turns that no
    /// longer render.
    case breaking
    /// Outputs can differ.
    case behaviour
    /// Outputs need not differ, but what runs or who controls it does.
    case security
    /// No output can differ.
    case cosmetic

    /// The worst is the smallest.
    package static func < (left: DriftSeverity, right: DriftSeverity) -> Bool {
        left.rank < right.rank
    }

    private var rank: Int {
        switch self {
        case .breaking: 0
        case .behaviour: 1
        case .security: 2
        case .cosmetic: 3
        }
    }
}

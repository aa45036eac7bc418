// SPDX-License-Identifier: Apache-2.0

/// A program that serves models and fills in what nobody wrote down.
package enum Engine: String, Sendable, Hashable, CaseIterable {
    case transformers
    case vllm
    case sglang
    case tgi
    case llamaCpp = "llama.cpp"

    /// Its name for people.
    package var title: String {
        switch self {
        case .transformers: "transformers"
        case .vllm: "vLLM"
        case .sglang: "SGLang"
        case .tgi: "TGI"
        case .llamaCpp: "llama.cpp"
        }
    }

    /// The release whose sources and documentation the table was made from: defaults change from release to release.
    package var release: String {
        switch self {
        case .transformers: "5.23"
        case .vllm: "0.33"
        case .sglang: "0.5.23"
        case .tgi: "of January 2026"
        case .llamaCpp: "server of 2026"
        }
    }
}

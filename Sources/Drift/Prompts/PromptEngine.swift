// SPDX-License-Identifier: Apache-2.0

/// A program that picks a chat template out of a repository by itself. Which one: `docs/guides/prompts.md`.
package enum PromptEngine: String, Sendable, Hashable, CaseIterable {
    case transformers
    /// transformers' `AutoProcessor`, for models that see or hear.
    case processor = "transformers-processor"
    case vllm, sglang, tgi
    case llamaCpp = "llama.cpp"

    /// What people call it.
    package var title: String {
        switch self {
        case .transformers: "transformers"
        case .processor: "transformers (processor)"
        case .vllm: "vLLM"
        case .sglang: "SGLang"
        case .tgi: "TGI"
        case .llamaCpp: "llama.cpp"
        }
    }

    /// The template that the engine uses of a set; nil when it finds none there, and falls back to one of its own or fails.
    package func template(of set: TemplateSet, withTools: Bool) -> TemplateCopy? {
        if let launch = set.launch, launch.governs(self) { return launch.copy }
        let copies = set.copies
        func of(_ place: TemplateCopy.Place) -> [TemplateCopy] { copies.filter { $0.place == place } }
        // Files of their own drive out everything that tokenizer_config.json has, also templates of other names.
        let files = of(.file) + of(.additional)
        let tokenizer = files.isEmpty ? of(.tokenizerConfig) : files
        switch self {
        case .transformers: return PromptEngine.choose(tokenizer, withTools)
        case .processor:
            guard set.hasProcessor else { return nil }
            return of(.processorConfig).first ?? of(.legacyFile).first ?? PromptEngine.choose(files, withTools)
        case .vllm:
            if !withTools, let found = PromptEngine.processor.template(of: set, withTools: false) { return found }
            return PromptEngine.choose(tokenizer, withTools)
                ?? PromptEngine.processor.template(of: set, withTools: withTools)
        case .sglang:
            // Of several without a name that it is told, the first.
            return PromptEngine.choose(tokenizer, false) ?? tokenizer.first
                ?? PromptEngine.processor.template(of: set, withTools: false)
        case .tgi:
            let known = of(.tokenizerConfig)
            if !known.isEmpty { return known.first { $0.isDefault } }
            return of(.legacyFile).first ?? of(.processorConfig).first
        case .llamaCpp:
            // Of several GGUF files a user names one; the first stands for them, and the comparison looks at each.
            let all = of(.gguf)
            guard let first = all.first else { return nil }
            return PromptEngine.choose(all.filter { $0.file.utf8.elementsEqual(first.file.utf8) }, withTools)
        }
    }

    /// `tool_use` when tools are given, else `default`; one that stands alone needs no name.
    private static func choose(_ copies: [TemplateCopy], _ withTools: Bool) -> TemplateCopy? {
        if withTools, let found = copies.first(where: { $0.name.utf8.elementsEqual("tool_use".utf8) }) { return found }
        return copies.first { $0.isDefault }
    }
}

extension TemplateCopy {
    /// Whether it is used when nobody names another.
    var isDefault: Bool { name.utf8.elementsEqual(TemplateCopy.defaultName.utf8) }
}

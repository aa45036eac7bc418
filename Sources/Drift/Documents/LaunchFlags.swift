// SPDX-License-Identifier: Apache-2.0

/// What the flags and variables of vLLM, SGLang, TGI and llama.cpp are about.
enum LaunchFlags {
    static let code = KeyRule("launch-flag", .code, .behaviour, "the engine is told something else")
    static let quiet = KeyRule(
        "launch-flag", .code, .cosmetic, "it changes where the engine listens or what it logs, not what it answers")
    private static let architecture = KeyRule(
        "launch-flag", .architecture, .behaviour, "the model is computed otherwise")
    private static let division = KeyRule(
        "launch-flag", .architecture, .behaviour,
        "sums are divided over devices or requests otherwise, and rounded otherwise: outputs can differ in their last digits"
    )
    private static let files = KeyRule("launch-flag", .identity, .behaviour, "other files are loaded")
    private static let prompt = KeyRule(
        "launch-flag", .prompt, .behaviour, "the model is shown another prompt, or its answer is read otherwise")
    private static let sampling = KeyRule(
        "launch-flag", .sampling, .behaviour, "requests that do not say it themselves are sampled otherwise")
    private static let tokens = KeyRule("launch-flag", .tokens, .behaviour, "text becomes tokens otherwise")
    private static let trust = KeyRule(
        "launch-flag", .code, .security, "code of the repository may run, or no longer does")

    private static let flags: [String: KeyRule] = KeyRule.table([
        (
            "--port --host --uvicorn-log-level --log-level --disable-log-requests --disable-log-stats"
                + " --enable-log-requests --download-dir --ssl-keyfile --ssl-certfile --root-path"
                + " --enable-metrics --served-model-name --hostname --metrics-port --log-config-file"
                + " --gpu-memory-utilization --mem-fraction-static --api-key --allowed-origins --alias"
                + " --disable-uvicorn-access-log --otlp-traces-endpoint --max-log-len --swap-space --log-file"
                + " --no-webui --timeout --threads-http --log-requests --enable-request-id-headers",
            quiet
        ),
        ("--trust-remote-code", trust),
        (
            "--revision --code-revision --tokenizer-revision --model --model-path --model-id --tokenizer"
                + " --tokenizer-path --lora-modules --lora-paths --speculative-config"
                + " --speculative-draft-model-path -m -hf -hff --lora --model-draft --hf-repo --hf-file --hf-config-path"
                + " --lora-scaled --mmproj --lora-adapters --enable-lora",
            files
        ),
        (
            "--dtype --quantization --quantize --kv-cache-dtype --quantization-param-path --max-model-len"
                + " --context-length --max-total-tokens --max-input-tokens --max-input-length --rope-scaling --rope-theta"
                + " --rope-factor --hf-overrides --json-model-override-args --attention-backend --enforce-eager"
                + " --load-format --config-format -c -ctk -ctv --ctx-size --cache-type-k --cache-type-v --flash-attn -fa"
                + " --rope-freq-base --rope-freq-scale --yarn-orig-ctx --override-kv --model-impl --task --runner --convert"
                + " --pooler-config --override-pooler-config --compilation-config --disable-sliding-window --torchao-config"
                + " --kv-cache-type --calculate-kv-scales --mm-processor-kwargs --limit-mm-per-prompt",
            architecture
        ),
        (
            "--tensor-parallel-size --pipeline-parallel-size --data-parallel-size --enable-expert-parallel --num-shard"
                + " --max-num-seqs --max-num-batched-tokens --enable-chunked-prefill --enable-prefix-caching --block-size"
                + " --disable-custom-all-reduce --chunked-prefill-size --max-running-requests --max-batch-prefill-tokens"
                + " --max-concurrent-requests --cuda-graphs --n-gpu-layers --threads --batch-size --ubatch-size --parallel"
                + " --split-mode --tensor-split --cpu-offload-gb --enable-torch-compile --disable-radix-cache",
            division
        ),
        (
            "--chat-template --chat-template-content-format --default-chat-template-kwargs"
                + " --hf-chat-template-name --reasoning-parser --tool-call-parser --enable-auto-tool-choice"
                + " --completion-template --jinja --chat-template-file --chat-template-kwargs"
                + " --reasoning-format --reasoning-budget --tool-parser-plugin --enable-reasoning"
                + " --trust-request-chat-template --response-role --tokenizer-config-path",
            prompt
        ),
        (
            "--generation-config --override-generation-config --sampling-defaults"
                + " --preferred-sampling-params --seed --random-seed --temp --top-k --top-p --min-p"
                + " --repeat-penalty --samplers --logits-processor-pattern --guided-decoding-backend --grammar-backend"
                + " --presence-penalty --frequency-penalty --mirostat --n-predict --max-tokens-default",
            sampling
        ),
        (
            "--tokenizer-mode --skip-tokenizer-init --tokenizer-backend --disable-fast-image-processor --special",
            tokens
        ),
    ])

    /// Short names and second names of flags that mean the same in every engine that has them.
    private static let names: [String: String] = [
        "-tp": "--tensor-parallel-size", "--tp": "--tensor-parallel-size", "--tp-size": "--tensor-parallel-size",
        "-pp": "--pipeline-parallel-size", "--pp-size": "--pipeline-parallel-size",
        "-dp": "--data-parallel-size", "--dp": "--data-parallel-size", "--dp-size": "--data-parallel-size",
        "-q": "--quantization", "-ngl": "--n-gpu-layers", "--gpu-layers": "--n-gpu-layers", "-ub": "--ubatch-size",
        "-np": "--parallel", "-ts": "--tensor-split", "-sm": "--split-mode", "-mm": "--mmproj",
        "--random-seed": "--seed",
    ]

    /// The name under which a flag is compared: `--max_model_len` is `--max-model-len`, `-tp` is `--tensor-parallel-size`.
    static func plain(_ flag: String) -> String {
        let plain =
            flag.hasPrefix("--") ? "--" + flag.dropFirst(2).map { $0 == "_" ? "-" : String($0) }.joined() : flag
        return names[plain] ?? plain
    }

    /// What a flag is about; one that no table knows is `code`, and behaviour.
    static func rule(_ flag: String) -> KeyRule {
        if let rule = flags[flag] { return rule }
        for prefix in ["--no-", "--disable-"] where flag.hasPrefix(prefix) {
            if let rule = flags["--" + flag.dropFirst(prefix.count)]
                ?? flags["--enable-" + flag.dropFirst(prefix.count)]
            {
                return rule
            }
        }
        return code
    }

    // MARK: Variables

    private static let variables: [String: KeyRule] = KeyRule.table([
        (
            "HF_HOME HF_TOKEN HUGGING_FACE_HUB_TOKEN XDG_CACHE_HOME TOKENIZERS_PARALLELISM PYTHONUNBUFFERED VLLM_API_KEY"
                + " VLLM_NO_USAGE_STATS DO_NOT_TRACK VLLM_HOST_IP VLLM_PORT VLLM_CACHE_ROOT TRANSFORMERS_CACHE PORT"
                + " HOSTNAME PYTORCH_CUDA_ALLOC_CONF PYTORCH_ALLOC_CONF VLLM_ENGINE_ITERATION_TIMEOUT_S VLLM_RPC_TIMEOUT"
                + " PROMETHEUS_MULTIPROC_DIR LLAMA_ARG_PORT LLAMA_ARG_HOST TERM LANG TZ",
            quiet
        ),
        (
            "HF_ENDPOINT VLLM_USE_MODELSCOPE MODEL_ID REVISION MODEL MODEL_NAME LLAMA_ARG_MODEL LLAMA_ARG_HF_REPO",
            files
        ),
        (
            "TRUST_REMOTE_CODE VLLM_ALLOW_RUNTIME_LORA_UPDATING VLLM_ALLOW_INSECURE_SERIALIZATION PYTHONPATH LD_PRELOAD"
                + " VLLM_PLUGINS LD_LIBRARY_PATH",
            KeyRule("launch-flag", .code, .security, "other code may run in the engine")
        ),
        (
            "VLLM_ATTENTION_BACKEND VLLM_USE_V1 VLLM_ALLOW_LONG_MAX_MODEL_LEN VLLM_USE_FLASHINFER_SAMPLER"
                + " NVIDIA_TF32_OVERRIDE TORCH_ALLOW_TF32_CUBLAS_OVERRIDE VLLM_FLASH_ATTN_VERSION DTYPE QUANTIZE"
                + " MAX_TOTAL_TOKENS MAX_INPUT_TOKENS MAX_INPUT_LENGTH ROPE_SCALING ROPE_FACTOR LLAMA_ARG_CTX_SIZE"
                + " LLAMA_ARG_FLASH_ATTN VLLM_USE_TRITON_FLASH_ATTN VLLM_USE_DEEP_GEMM VLLM_DISABLED_KERNELS",
            architecture
        ),
        (
            "CUDA_VISIBLE_DEVICES HIP_VISIBLE_DEVICES OMP_NUM_THREADS MKL_NUM_THREADS CUBLAS_WORKSPACE_CONFIG NUM_SHARD"
                + " VLLM_BATCH_INVARIANT VLLM_ENABLE_V1_MULTIPROCESSING NCCL_ALGO LLAMA_ARG_N_GPU_LAYERS LLAMA_ARG_THREADS",
            division
        ),
        ("LLAMA_ARG_CHAT_TEMPLATE LLAMA_ARG_CHAT_TEMPLATE_FILE LLAMA_ARG_JINJA TOKENIZER_CONFIG_PATH", prompt),
        ("PYTHONHASHSEED SEED", sampling),
    ])

    /// What a variable is about; one that no table knows is `code`, and behaviour.
    static func rule(variable name: String) -> KeyRule {
        let known: KeyRule =
            variables[name]
            ?? (name.hasPrefix("HF_HUB_") || name.hasSuffix("_LOG") || name.hasSuffix("_LOG_LEVEL")
                || name.contains("_LOGGING_") || name.hasSuffix("_VERBOSITY") || name.hasPrefix("LOG_")
                ? quiet : code)
        return KeyRule("launch-environment", known.kind, known.severity, known.consequence)
    }
}

// SPDX-License-Identifier: Apache-2.0

/// What is known of the modules, classes and functions that Keras models name.
enum KerasNames {
    /// Second parts of modules of Keras whose classes only build models.
    private static let areas: Set<String> = [
        "layers", "models", "initializers", "regularizers", "constraints", "optimizers", "losses", "metrics",
        "activations", "ops",
        "dtype_policies", "quantizers", "random", "backend", "engine", "applications", "mixed_precision",
        "distribution", "feature_column",
        "tokenizers", "samplers", "trainers",
    ]
    private static let roots: Set<String> = [
        "keras", "tf_keras", "keras_nlp", "keras_hub", "keras_cv", "keras_core", "keras_rs",
    ]

    /// Whether a module belongs to Keras and holds only classes of models.
    static func isKeras(_ module: String) -> Bool {
        guard ConfigWalk.isDottedName(module) else { return false }
        var parts = module.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        if parts.first == "tensorflow" {
            // `tensorflow.keras`, `tensorflow.python.keras`, and the types that traced models name.
            if module.hasPrefix("tensorflow.python.framework.") || module.hasPrefix("tensorflow.python.training.")
                || module == "tensorflow.python.trackable.data_structures" || module == "tensorflow.python.ops.init_ops"
            {
                return true
            }
            parts.removeFirst()
            if parts.first == "python" { parts.removeFirst() }
            guard parts.first == "keras" else { return false }
        }
        guard let root = parts.first, roots.contains(root) else { return false }
        parts.removeFirst()
        if parts.first == "src" || parts.first == "api" || parts.first == "_v2" { parts.removeFirst() }
        if parts.first == "keras" { parts.removeFirst() }
        guard let area = parts.first else { return true }
        return areas.contains(area)
    }

    /// Names that must not be built, whatever module they are given with.
    static let forbidden: Set<String> = [
        "get_file", "enable_unsafe_deserialization", "load_model", "load_weights", "deserialize_keras_object",
        "TorchModuleWrapper",
        "custom_object_scope", "get_custom_objects", "unpack_x_y_sample_weight", "system", "popen", "Popen", "eval",
        "exec", "compile",
        "run_eagerly", "import_module", "__import__", "getattr", "open", "load", "loads",
        "image_dataset_from_directory",
        "audio_dataset_from_directory", "text_dataset_from_directory", "save_model", "save_img", "load_img",
        "plot_model",
        "from_pretrained", "register_keras_serializable", "func_load", "func_dump", "download",
    ]

    /// Classes that load a model from a path.
    static let loaders: Set<String> = ["TFSMLayer", "JaxLayer", "FlaxLayer"]

    /// Ways to write plain values.
    static let values: Set<String> = [
        "__tensor__", "__numpy__", "__bytes__", "__ellipsis__", "__slice__", "__tuple__", "__keras_tensor__",
        "__typespec__",
        "__class_type__", "__complex__", "__int__", "TensorShape", "TypeSpec", "CompositeTensor", "ListWrapper",
        "_DictWrapper", "__dict__",
    ]

    /// Functions that models name: activations, losses and metrics.
    static let functions: Set<String> = [
        "relu", "relu6", "softmax", "sigmoid", "tanh", "linear", "elu", "selu", "gelu", "silu", "swish", "softplus",
        "softsign", "exponential",
        "hard_sigmoid", "hard_silu", "hard_swish", "hard_tanh", "hard_shrink", "leaky_relu", "log_softmax",
        "log_sigmoid", "mish", "celu", "glu",
        "squareplus", "soft_shrink", "sparse_plus", "sparsemax", "tanh_shrink", "threshold", "sparse_sigmoid",
        "mean_squared_error",
        "mean_absolute_error", "binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy",
        "accuracy", "mse", "mae",
        "hinge", "squared_hinge", "categorical_hinge", "kl_divergence", "kullback_leibler_divergence", "poisson",
        "log_cosh", "logcosh",
        "cosine_similarity", "huber", "huber_loss", "mean_absolute_percentage_error", "mean_squared_logarithmic_error",
        "mape", "msle",
        "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy", "top_k_categorical_accuracy",
        "binary_focal_crossentropy",
        "categorical_focal_crossentropy", "sparse_top_k_categorical_accuracy", "ctc", "dice", "tversky", "circle",
    ]

    /// Whether a class without a module is one of Keras.
    static func isClass(_ name: String) -> Bool { CheckText.isListed(name, in: classes) }

    private static let classes: Set<String> = Set(
        """
        Sequential Functional Model InputLayer Dense EinsumDense Activation Embedding Masking Lambda Dropout SpatialDropout1D \
        SpatialDropout2D SpatialDropout3D GaussianDropout GaussianNoise AlphaDropout ActivityRegularization Flatten Reshape Permute \
        RepeatVector Cropping1D Cropping2D Cropping3D UpSampling1D UpSampling2D UpSampling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D \
        Conv1D Conv2D Conv3D Convolution1D Convolution2D Convolution3D Conv1DTranspose Conv2DTranspose Conv3DTranspose SeparableConv1D \
        SeparableConv2D DepthwiseConv1D DepthwiseConv2D MaxPooling1D MaxPooling2D MaxPooling3D AveragePooling1D AveragePooling2D \
        AveragePooling3D GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D GlobalAveragePooling1D GlobalAveragePooling2D \
        GlobalAveragePooling3D AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D AdaptiveMaxPooling1D \
        AdaptiveMaxPooling2D AdaptiveMaxPooling3D BatchNormalization BatchNormalizationV1 BatchNormalizationV2 SyncBatchNormalization \
        LayerNormalization GroupNormalization UnitNormalization SpectralNormalization RMSNormalization RNN SimpleRNN SimpleRNNCell LSTM \
        LSTMCell GRU GRUCell CuDNNLSTM CuDNNGRU StackedRNNCells ConvLSTM1D ConvLSTM2D ConvLSTM3D Bidirectional TimeDistributed Wrapper Add \
        Subtract Multiply Average Maximum Minimum Concatenate Dot Merge Attention AdditiveAttention MultiHeadAttention \
        GroupedQueryAttention GroupQueryAttention ReLU LeakyReLU PReLU ELU ThresholdedReLU Softmax LocallyConnected1D LocallyConnected2D \
        Normalization Discretization CategoryEncoding Hashing HashedCrossing StringLookup IntegerLookup TextVectorization FeatureSpace \
        Resizing Rescaling CenterCrop RandomCrop RandomFlip RandomTranslation RandomRotation RandomZoom RandomHeight RandomWidth \
        RandomContrast RandomBrightness RandomHue RandomSaturation RandomShear RandomGrayscale RandomInvert RandomPosterization \
        RandomPerspective RandomElasticTransform RandomErasing RandomGaussianBlur RandomSharpness RandomColorDegeneration \
        RandomColorJitter RandAugment AugMix CutMix MixUp AutoContrast Equalization Solarization MaxNumBoundingBoxes MelSpectrogram \
        STFTSpectrogram Pipeline Identity TFOpLambda SlicingOpLambda TensorFlowOpLayer ClassMethod InstanceMethod InstanceProperty \
        DenseFeatures RandomFourierFeatures ReversibleEmbedding Variable Zeros Ones Constant Identity RandomNormal RandomUniform \
        TruncatedNormal VarianceScaling Orthogonal GlorotNormal GlorotUniform HeNormal HeUniform LecunNormal LecunUniform STFT \
        OrthogonalInitializer IdentityInitializer L1 L2 L1L2 OrthogonalRegularizer MaxNorm NonNeg UnitNorm MinMaxNorm RadialConstraint SGD \
        RMSprop Adam AdamW Adadelta Adagrad Adamax Nadam Ftrl Lion Lamb Adafactor LossScaleOptimizer LossScaleOptimizerV3 Muon \
        ExponentialDecay PiecewiseConstantDecay PolynomialDecay InverseTimeDecay CosineDecay CosineDecayRestarts WarmUp \
        LearningRateSchedule MeanSquaredError MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredLogarithmicError BinaryCrossentropy \
        CategoricalCrossentropy SparseCategoricalCrossentropy BinaryFocalCrossentropy CategoricalFocalCrossentropy Hinge SquaredHinge \
        CategoricalHinge KLDivergence Poisson LogCosh Huber CosineSimilarity CTC Dice Tversky Circle CategoricalGeneralizedCrossEntropy \
        LossFunctionWrapper MeanMetricWrapper Accuracy BinaryAccuracy CategoricalAccuracy SparseCategoricalAccuracy TopKCategoricalAccuracy \
        SparseTopKCategoricalAccuracy AUC Precision Recall PrecisionAtRecall RecallAtPrecision SensitivityAtSpecificity \
        SpecificityAtSensitivity TruePositives TrueNegatives FalsePositives FalseNegatives Mean Sum MeanTensor RootMeanSquaredError \
        MeanRelativeError R2Score F1Score FBetaScore IoU BinaryIoU MeanIoU OneHotIoU OneHotMeanIoU CompileMetrics ConcordanceCorrelation \
        PearsonCorrelation DTypePolicy DTypePolicyMap FloatDTypePolicy QuantizedDTypePolicy QuantizedFloat8DTypePolicy Policy PolicyV1 \
        SeedGenerator AbsMaxQuantizer GPTQDTypePolicy function
        """.split(separator: " ").map(String.init))
}

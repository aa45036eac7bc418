// SPDX-License-Identifier: Apache-2.0

/// How pickles are read.
public struct PickleOptions: Sendable, Hashable {
    /// The budgets.
    public var limits = PickleLimits()
    /// Stop behind so many streams; nil reads on to the end of the data.
    ///
    /// A PyTorch file of the old kind is 5 streams and then raw storages: read it with 5 and go on at `.stopped(next:)`.
    public var streams: Int?
    /// Whether raw array bytes follow each `joblib.numpy_pickle.NumpyArrayWrapper`, as joblib writes them.
    public var interleavedArrays = false
    /// False only to name what a loader would do that reads across frames; the verdict is settled by then.
    var enforcesFrames = true

    /// The options for pickles as `pickle.dump` writes them.
    public init() {}
}

/// The budgets of the machine. What is over one is not interpreted, and never called clean.
public struct PickleLimits: Sendable, Hashable {
    /// Instructions, over all streams.
    public var opcodes: UInt64 = 64 << 20
    /// Bytes of memory for values, over all streams.
    public var memory: UInt64 = 1 << 30
    /// Marks that are open at the same time.
    public var marks = 10_000
    /// Streams in one file.
    public var streams = 10_000
    /// Bytes of a line of text (`GLOBAL`, `INST`, `INT`, `LONG`, `FLOAT`, `GET`, `PUT`, `PERSID`).
    public var line = 64 << 10
    /// Bytes of a constant in text form (`STRING`, `UNICODE`), which is held in memory.
    public var text = 64 << 20
    /// Longer binary constants are not held in memory: only their place is.
    public var inlineBytes = 4096
    /// Violations and findings that are written down.
    public var findings = 1000
    /// How deep pickles inside pickles are looked for.
    public var nesting = 4
    /// Bytes of a constant that is looked at for a pickle inside.
    public var nestedBytes = 64 << 20

    /// The defaults.
    public init() {}
}

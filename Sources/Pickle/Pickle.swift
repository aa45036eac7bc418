// SPDX-License-Identifier: Apache-2.0

public import BinaryFormats

/// Pickles: what they contain and what they would do, without doing it.
///
/// A pickle is a program for a small stack machine. `PickleDecoder` splits it into instructions; `Pickle.read` interprets them
/// on a machine that has no objects, only descriptions of objects, and returns a `PickleDocument`: a graph of values in which
/// `torch._utils._rebuild_tensor_v2(…)` is a call that was written down, not one that was made; `Pickle.scan` judges what such
/// a document would import, call and overwrite, and returns a `PickleReport`.
///
/// Nothing is ever executed, imported or looked up on this machine: the same bytes give the same answer everywhere.
/// Not here: the containers that pickles come in (zip, tar, compression), and what the tensors mean.
/// The rules, and why they are as they are: docs/formats/pickle.md.
public enum Pickle {
    /// Interprets the pickles that begin at `offset`.
    ///
    /// What is malformed is part of the answer: `PickleDocument.ending` says how far the machine came and why it stopped.
    /// Time and memory are bounded by `PickleOptions.limits` and by the size of the source.
    ///
    /// - Throws: only `ByteError.absent` (fetch that range, then call again) and `ByteError.unreadable`.
    public static func read(
        _ source: any ByteSource, at offset: UInt64 = 0, options: PickleOptions = PickleOptions()
    ) throws(ByteError) -> PickleDocument {
        var run = PickleRun(source: source, options: options)
        try run.execute(from: offset)
        return run.document()
    }
}

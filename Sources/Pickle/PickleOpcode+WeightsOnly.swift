// SPDX-License-Identifier: Apache-2.0

extension PickleOpcode {
    /// Whether torch's `weights_only` loader knows the instruction (torch 2.15: 34 of them).
    var isKnownToWeightsOnly: Bool {
        switch self {
        case .proto, .global, .newObj, .reduce, .build, .append, .appends, .setItem, .setItems, .mark, .tuple, .tuple1,
            .tuple2, .tuple3, .none, .newFalse, .newTrue, .emptyTuple, .emptyList, .emptyDict, .emptySet, .binInt,
            .binInt1, .binInt2, .binFloat, .binUnicode, .shortBinString, .binPersid, .binGet, .longBinGet, .binPut,
            .longBinPut, .long1, .stop:
            true
        default: false
        }
    }
}

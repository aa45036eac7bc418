// SPDX-License-Identifier: Apache-2.0

/// How the numbers of a tensor are stored otherwise than safetensors has them.
struct NumberForm: Sendable {
    private let width: Int
    private let numberSize: Int
    private let isSwapped: Bool
    private let isConjugated: Bool
    private let isNegated: Bool

    init(_ tensor: CheckpointTensor, isBigEndian: Bool) {
        width = tensor.element.byteCount
        numberSize = tensor.element.numberSize
        isSwapped = isBigEndian && numberSize > 1
        (isConjugated, isNegated) = (tensor.isConjugated, tensor.isNegated)
    }

    /// Makes the first `count` bytes, which are whole elements, what safetensors has.
    func normalise(_ bytes: inout [UInt8], count: Int) {
        if isSwapped { swapNumbers(&bytes, count) }
        if isConjugated || isNegated { changeSigns(&bytes, count) }
    }

    /// Turns every number around.
    private func swapNumbers(_ bytes: inout [UInt8], _ count: Int) {
        for start in stride(from: 0, to: count, by: numberSize) {
            for index in 0..<(numberSize / 2) { bytes.swapAt(start + index, start + numberSize - 1 - index) }
        }
    }

    /// Changes the sign of every number, or of the second of every pair.
    private func changeSigns(_ bytes: inout [UInt8], _ count: Int) {
        var isImaginary = false
        for index in stride(from: numberSize - 1, to: count, by: numberSize) {
            if isNegated != (isConjugated && isImaginary && width == 2 * numberSize) { bytes[index] ^= 0x80 }
            isImaginary.toggle()
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import Drift
internal import Safetensors

/// Tensors by layer and kind: `encoder.layer.3.attention.query.weight` is the kind `encoder.layer.*.attention.query.weight` in
/// layer 3, whatever the naming of the format.
struct DriftTensorGrid {
    /// The tensors of one kind in one layer: mostly one, or the experts of a mixture.
    struct Cell {
        /// The one that decides the colour.
        let worst: DriftEvidence.TensorDifference
        let count: Int
    }

    /// A kind.
    struct Row {
        let kind: String
        /// By the number of the layer.
        var cells: [Int: Cell]
    }

    /// The kinds that appear in layers, in the order of their names.
    let rows: [Row]
    /// The tensors outside of layers, by name.
    let others: [DriftEvidence.TensorDifference]
    /// The layers from the first to the last that are drawn.
    let layers: ClosedRange<Int>?
    /// How many tensors have no place in the picture.
    let omitted: Int

    /// The most rows, tensors outside of layers, and columns.
    static let maximumRows = 80
    static let maximumOthers = 40
    static let maximumLayers = 256

    init(_ tensors: [DriftEvidence.TensorDifference]) {
        var kinds: [String: [Int: Cell]] = [:]
        var others: [DriftEvidence.TensorDifference] = []
        var omitted = 0
        for tensor in tensors {
            guard let (kind, layer) = DriftTensorGrid.place(of: tensor.name.string) else {
                others.append(tensor)
                continue
            }
            guard layer < DriftTensorGrid.maximumLayers else {
                omitted += 1
                continue
            }
            let old = kinds[kind]?[layer]
            let worst =
                old.map { DriftEvidence.TensorDifference.isWorse($0.worst, tensor) ? $0.worst : tensor } ?? tensor
            kinds[kind, default: [:]][layer] = Cell(worst: worst, count: (old?.count ?? 0) + 1)
        }
        var rows = kinds.map { Row(kind: $0.key, cells: $0.value) }
        rows.sort { $0.kind.utf8.lexicographicallyPrecedes($1.kind.utf8) }
        for row in rows.dropFirst(DriftTensorGrid.maximumRows) {
            omitted += row.cells.values.reduce(0) { $0 + $1.count }
        }
        self.rows = Array(rows.prefix(DriftTensorGrid.maximumRows))
        others.sort { $0.name < $1.name }
        omitted += max(0, others.count - DriftTensorGrid.maximumOthers)
        self.others = Array(others.prefix(DriftTensorGrid.maximumOthers))
        self.omitted = omitted
        // From the first layer on: a gap at the beginning is a fact, too.
        layers = self.rows.flatMap { $0.cells.keys }.max().map { 0...$0 }
    }

    /// The first number between two dots is the layer; later ones, those of experts, are of no matter to the kind.
    static func place(of name: String) -> (kind: String, layer: Int)? {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        func number(_ part: Substring) -> Int? {
            part.utf8.count <= 6 && part.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
                ? Int(part) : nil
        }
        guard let at = parts.firstIndex(where: { number($0) != nil }), at > 0, at + 1 < parts.count,
            let layer = number(parts[at])
        else { return nil }
        let kind = parts.enumerated().map { index, part in index >= at && number(part) != nil ? "*" : String(part) }
        return (kind.joined(separator: "."), layer)
    }

    /// The step of the colour scale, 0…6, a power of ten each: up to 1e-6, …, more than 0.1; nil where nothing was measured.
    static func step(_ tensor: DriftEvidence.TensorDifference) -> Int? {
        guard let relative = tensor.distance?.relative else { return nil }
        guard relative.isFinite else { return 6 }
        return [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1].firstIndex { relative <= $0 } ?? 6
    }
}

// SPDX-License-Identifier: Apache-2.0

/// Arithmetic on numbers, as Python does it within 64 bits.
enum Operators {
    static let tooLarge = JinjaError(.budget, "an integer of more than 64 bits")

    static func negative(_ value: Value) throws(JinjaError) -> Value {
        switch value {
        case .float(let number): return .float(-number)
        case .undefined(let missing): throw missing.error
        default:
            guard let number = value.wholeNumber else {
                throw JinjaError(.type, "bad operand type for unary -: '\(value.typeName)'")
            }
            guard number != .min else { throw tooLarge }
            return .int(-number)
        }
    }

    static func positive(_ value: Value) throws(JinjaError) -> Value {
        switch value {
        case .float: return value
        case .undefined(let missing): throw missing.error
        default:
            guard let number = value.wholeNumber else {
                throw JinjaError(.type, "bad operand type for unary +: '\(value.typeName)'")
            }
            return .int(number)
        }
    }

    static func whole(_ symbol: Expression.BinaryOperator, _ a: Int, _ b: Int) throws(JinjaError) -> Value {
        func checked(_ result: (partialValue: Int, overflow: Bool)) throws(JinjaError) -> Value {
            guard !result.overflow else { throw tooLarge }
            return .int(result.partialValue)
        }
        switch symbol {
        case .add: return try checked(a.addingReportingOverflow(b))
        case .subtract: return try checked(a.subtractingReportingOverflow(b))
        case .multiply: return try checked(a.multipliedReportingOverflow(by: b))
        case .divide:
            guard b != 0 else { throw JinjaError(.zeroDivision, "division by zero") }
            return .float(Double(a) / Double(b))
        case .floorDivide, .modulo:
            guard b != 0 else {
                throw JinjaError(
                    .zeroDivision,
                    symbol == .modulo ? "integer modulo by zero" : "integer division or modulo by zero")
            }
            let (quotient, overflow) = a.dividedReportingOverflow(by: b)
            guard !overflow else {
                if symbol == .modulo { return .int(0) }
                throw tooLarge
            }
            let rest = a - quotient * b
            let isUneven = rest != 0 && (rest < 0) != (b < 0)
            return .int(symbol == .modulo ? (isUneven ? rest + b : rest) : (isUneven ? quotient - 1 : quotient))
        case .power: return try power(a, b)
        }
    }

    private static func power(_ base: Int, _ exponent: Int) throws(JinjaError) -> Value {
        if exponent < 0 {
            guard base != 0 else {
                throw JinjaError(.zeroDivision, "0.0 cannot be raised to a negative power")
            }
            return .float(powerOf(Double(base), Double(exponent)))
        }
        var (result, factor, left) = (1, base, exponent)
        while left > 0 {
            if left & 1 == 1 {
                let (product, overflow) = result.multipliedReportingOverflow(by: factor)
                guard !overflow else { throw tooLarge }
                result = product
            }
            left >>= 1
            if left > 0 {
                let (square, overflow) = factor.multipliedReportingOverflow(by: factor)
                guard !overflow else { throw tooLarge }
                factor = square
            }
        }
        return .int(result)
    }

    /// A power with a whole exponent, or one that is a half; others need a library of mathematics.
    private static func powerOf(_ base: Double, _ exponent: Double) -> Double {
        var (result, factor, left) = (1.0, base, abs(exponent))
        guard left < 1e9 else {
            return base.magnitude == 1 ? 1 : (exponent > 0) == (base.magnitude > 1) ? .infinity : 0
        }
        while left >= 1 {
            if left.truncatingRemainder(dividingBy: 2) == 1 { result *= factor }
            factor *= factor
            left = (left / 2).rounded(.down)
        }
        return exponent < 0 ? 1 / result : result
    }

    static func floating(_ symbol: Expression.BinaryOperator, _ a: Double, _ b: Double) throws(JinjaError) -> Value {
        switch symbol {
        case .add: return .float(a + b)
        case .subtract: return .float(a - b)
        case .multiply: return .float(a * b)
        case .divide:
            guard b != 0 else { throw JinjaError(.zeroDivision, "float division by zero") }
            return .float(a / b)
        case .floorDivide:
            guard b != 0 else { throw JinjaError(.zeroDivision, "float floor division by zero") }
            let quotient = (a - modulo(a, b)) / b
            guard quotient != 0 else { return .float((a / b).sign == .minus ? -0.0 : 0) }
            let whole = quotient.rounded(.down)
            return .float(quotient - whole > 0.5 ? whole + 1 : whole)
        case .modulo:
            guard b != 0 else { throw JinjaError(.zeroDivision, "float modulo") }
            return .float(modulo(a, b))
        case .power:
            if a == 0, b < 0 { throw JinjaError(.zeroDivision, "0.0 cannot be raised to a negative power") }
            if b == b.rounded() {
                let result = powerOf(a, b)
                if result.isInfinite, a.isFinite, b.isFinite {
                    throw JinjaError(.overflow, "(34, 'Numerical result out of range')")
                }
                return .float(result)
            }
            if b == 0.5, a >= 0 { return .float(a.squareRoot()) }
            throw JinjaError(.unsupported, "a power with an exponent that is not whole")
        }
    }

    private static func modulo(_ a: Double, _ b: Double) -> Double {
        let rest = a.truncatingRemainder(dividingBy: b)
        // Nothing has the sign of what it was divided by.
        guard rest != 0 else { return b < 0 ? -0.0 : 0 }
        return (rest < 0) != (b < 0) ? rest + b : rest
    }
}

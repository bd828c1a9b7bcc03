// SPDX-License-Identifier: Apache-2.0
#pragma once

// The tableau of a small program: minimise c x, A x <= b or = b, 0 <= x <= upper, where every
// column whose cost is below 0 has a finite upper bound.
//
// Only rows that bind have a tableau row: the slacks of all others are kept as numbers. A variable
// at its upper bound is replaced by its complement, so that every nonbasic variable stands at 0.

#include "isa/simd.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace {

constexpr double kTolerance = 1e-9; // of pivots, reduced costs and right-hand sides (all near 1)
constexpr double kInfinite = std::numeric_limits<double>::infinity();
constexpr int kPad = 8; // strides are multiples of it on every instruction set
constexpr int kVec = static_cast<int>(kLanes);

constexpr int kMaxSized = 64; // up to there both strides are one

inline int padded(int size) noexcept {
    return (size + kPad - 1) / kPad * kPad;
}

// A place holds a nonbasic variable: place j a column's own variable or, while that is basic, the
// slack of a row (variable columns + row).
struct Tableau {
    int rows = 0, columns = 0;       // of the program
    int row_stride = 0, stride = 0;  // the same, padded
    int limit = 0;                   // basic variables at most
    double* coefficient = nullptr;   // (columns, row_stride) of the program, column by column
    double* right_side = nullptr;    // (row_stride,)
    double* slack_upper = nullptr;   // (row_stride,) 0: equality
    double* entry = nullptr;         // (stride,) of the row that leaves
    double* ratio = nullptr;         // (stride,)
    double* moved = nullptr;         // (stride + limit,) distances that a step moves variables
    std::int64_t* mover = nullptr;   // (stride + limit,) and their columns
    double* state = nullptr;         // all that follows
    double* objective = nullptr;     // (1,)
    std::int64_t* n_basic = nullptr; // (1,)
    double* reduced = nullptr;       // (stride,) cost of each place
    double* room = nullptr;          // (stride,) upper bound of the variable at each place
    double* active = nullptr;        // (stride,) sign of the place's own variable; 0: a slack
    std::int64_t* place = nullptr;   // (stride,) variable at each place
    double* upper = nullptr;         // (stride,) of each column's variable
    double* shift = nullptr;         // (stride,) its lower bound
    double* sign = nullptr;          // (stride,) -1: stands for upper - x
    double* slack = nullptr;         // (row_stride,) and after that, padded by 0,
    double* value = nullptr;         // (limit,) of each basic variable
    double* range = nullptr;         // (row_stride + limit,) upper bounds of both
    std::int64_t* basic = nullptr;   // (limit,) column of each basic variable
    double* cell = nullptr;          // (limit, stride)
};

// A tableau whose strides the compiler knows; 0: any.
template <int N> struct Sized : Tableau {
    explicit Sized(const Tableau& t) noexcept : Tableau(t) {}
    int row_width() const noexcept { return N > 0 ? N : row_stride; }
    int width() const noexcept { return N > 0 ? N : stride; }
};

// Sets one number of an array that is read by lanes. A narrow store would delay the next wide load.
inline void put(double* array, std::int64_t at, double x) noexcept {
    double* const block = array + at / kVec * kVec;
    const Mask is_it = lane_numbers() == broadcast(static_cast<double>(at % kVec));
    store(block, select(is_it, broadcast(x), load(block)));
}

inline void copy(double* to, const double* from, int width) noexcept {
    for (int j = 0; j < width; j += kVec) {
        store(to + j, load(from + j));
    }
}

template <int N> inline double* row_of(const Sized<N>& t, std::int64_t row) noexcept {
    return t.cell + row * t.width();
}
template <int N> inline double* column_of(const Sized<N>& t, std::int64_t column) noexcept {
    return t.coefficient + column * t.row_width();
}

// Coefficients of a row at some places; beyond the columns, which are not active, the last one's.
template <int N> inline Vec row_part(const Sized<N>& t, std::int64_t row, int at) noexcept {
    Vec part;
    for (int lane = 0; lane < kVec; ++lane) {
        part[static_cast<std::size_t>(lane)] =
            column_of(t, std::min(at + lane, t.columns - 1))[row];
    }
    return part;
}

// Doubles of the state with so many basic variables.
inline std::ptrdiff_t state_size(const Tableau& t, std::int64_t n_basic) noexcept {
    return (t.cell - t.state) + n_basic * t.stride;
}

inline Tableau lay_out(double* memory, int rows, int columns) noexcept {
    Tableau t;
    t.rows = rows;
    t.columns = columns;
    const int common = std::max(padded(rows), padded(columns));
    t.row_stride = common <= kMaxSized ? common : padded(rows);
    t.stride = common <= kMaxSized ? common : padded(columns);
    t.limit = padded(std::min(rows, columns));
    const auto take = [&](std::ptrdiff_t size) {
        double* const part = memory;
        memory += size;
        return part;
    };
    const auto labels = [](double* part) { return reinterpret_cast<std::int64_t*>(part); };
    t.coefficient = take(static_cast<std::ptrdiff_t>(columns) * t.row_stride);
    t.right_side = take(t.row_stride);
    t.slack_upper = take(t.row_stride);
    t.entry = take(t.stride);
    t.ratio = take(t.stride);
    t.moved = take(t.stride + t.limit);
    t.mover = labels(take(t.stride + t.limit));
    t.state = t.objective = take(kPad);
    t.n_basic = labels(t.state + 1);
    t.reduced = take(t.stride);
    t.room = take(t.stride);
    t.active = take(t.stride);
    t.place = labels(take(t.stride));
    t.upper = take(t.stride);
    t.shift = take(t.stride);
    t.sign = take(t.stride);
    t.slack = take(t.row_stride);
    t.value = take(t.limit);
    t.range = take(t.row_stride + t.limit);
    t.basic = labels(take(t.limit));
    t.cell = memory;
    return t;
}

// Doubles that a tableau takes.
inline std::ptrdiff_t tableau_size(int rows, int columns) noexcept {
    const Tableau t = lay_out(nullptr, rows, columns);
    return (t.cell - t.coefficient) + static_cast<std::ptrdiff_t>(t.limit) * t.stride;
}

// Numbers that are held in registers while others are added to them: all of a row where the
// compiler knows how many, else a part.
template <int N> struct Held {
    static constexpr int size = N > 0 ? N : kPad;
    Vec part[size / kVec];

    explicit Held(const double* from) noexcept {
        for (int k = 0; k < size / kVec; ++k) {
            part[k] = load(from + k * kVec);
        }
    }
    void write(double* to) const noexcept {
        for (int k = 0; k < size / kVec; ++k) {
            store(to + k * kVec, part[k]);
        }
    }
    void subtract(double factor, const double* from) noexcept {
        for (int k = 0; k < size / kVec; ++k) {
            part[k] -= broadcast(factor) * load(from + k * kVec);
        }
    }
};

// Takes the distances moved out of the slacks.
template <int N> inline void move_slacks(const Sized<N>& t, int count) noexcept {
    for (int row = 0; row < t.row_width(); row += Held<N>::size) {
        Held<N> slack(t.slack + row);
        for (int k = 0; k < count; ++k) {
            slack.subtract(t.moved[k], column_of(t, t.mover[k]) + row);
        }
        slack.write(t.slack + row);
    }
}

// Stands every variable at its lower bound, or at its upper one where its sign is -1, which it must
// be where the cost is below 0 and may be where it is 0. The caller has set the coefficients, the
// right-hand sides and slack_upper, reduced (the costs, padded by 0), upper, sign and objective.
template <int N> inline void start(const Sized<N>& t) noexcept {
    *t.n_basic = 0;
    int count = 0;
    std::copy_n(t.right_side, t.row_width(), t.slack);
    std::fill_n(t.value, t.limit, 0.0);
    std::copy_n(t.slack_upper, t.row_width(), t.range);
    std::fill_n(t.range + t.row_width(), t.limit, kInfinite);
    for (int j = 0; j < t.width(); ++j) {
        t.place[j] = j;
        t.shift[j] = 0.0;
        t.room[j] = j < t.columns ? t.upper[j] : 0.0;
        t.active[j] = j < t.columns ? t.sign[j] : 0.0;
    }
    for (int j = 0; j < t.columns; ++j) {
        t.moved[count] = t.upper[j];
        t.mover[count] = j;
        count += t.sign[j] < 0.0 ? 1 : 0;
    }
    for (int k = 0; k < count; ++k) {
        const std::int64_t j = t.mover[k];
        *t.objective += t.reduced[j] * t.upper[j];
        t.reduced[j] = -t.reduced[j];
    }
    move_slacks(t, count);
}

// Value of a basic variable.
template <int N> inline double basic_value(const Sized<N>& t, std::int64_t row) noexcept {
    const std::int64_t j = t.basic[row];
    return t.shift[j] + (t.sign[j] < 0.0 ? t.upper[j] - t.value[row] : t.value[row]);
}

// Writes the values of the columns' variables.
template <int N> inline void read_solution(const Sized<N>& t, double* x) noexcept {
    for (int j = 0; j < t.columns; ++j) {
        const double upper = t.upper[j];
        x[j] = t.shift[j] + (t.sign[j] < 0.0 ? upper : 0.0);
    }
    for (std::int64_t i = 0; i < *t.n_basic; ++i) {
        x[t.basic[i]] = basic_value(t, i);
    }
}

// Tightens a bound of a basic variable: x <= bound or x >= bound.
template <int N>
inline void tighten(const Sized<N>& t, std::int64_t row, double bound, bool is_upper) noexcept {
    const std::int64_t j = t.basic[row];
    const double room = bound - t.shift[j];
    const bool is_flipped = t.sign[j] < 0.0;
    if (is_upper) {
        t.value[row] -= is_flipped ? t.upper[j] - room : 0.0;
        t.upper[j] = room;
    } else {
        t.value[row] -= is_flipped ? 0.0 : room;
        t.upper[j] -= room;
        t.shift[j] = bound;
    }
    t.range[t.row_width() + row] = t.upper[j];
}

} // namespace

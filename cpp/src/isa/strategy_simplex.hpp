// SPDX-License-Identifier: Apache-2.0
#pragma once

// A dense simplex method for small programs: minimise c x, A x <= b or = b, 0 <= x <= upper, b >=
// 0.
//
// The tableau is the condensed one: a column per nonbasic variable. A variable at its upper bound
// is replaced by its complement, so that every nonbasic variable stands at 0. Pivots are chosen by
// the steepest reduced cost, after a run of degenerate steps by Bland's rule; ties go to the
// greater pivot and then to the variable that comes first, so that equal programs take equal steps.

#include "isa/simd.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace {

constexpr double kTolerance = 1e-9; // of pivots, reduced costs and right-hand sides (all near 1)
constexpr double kInfinite = std::numeric_limits<double>::infinity();

enum class Outcome { optimal, infeasible, above_cutoff, out_of_steps };

struct Tableau {
    int rows = 0, columns = 0, stride = 0;
    double* cell = nullptr;  // (rows + 1, stride): the last row holds reduced costs, column
                             // `columns` right-hand sides and minus the objective
    double* upper = nullptr; // (columns + rows,) columns' variables, then the rows' slacks
    double* shift = nullptr; // lower bound of each variable
    std::int32_t* is_flipped = nullptr; // the variable stands for upper - x
    std::int32_t* basic = nullptr;      // (rows,) variable of each row
    std::int32_t* nonbasic = nullptr;   // (columns,) variable of each column
};

inline double* row_of(const Tableau& t, int row) noexcept {
    return t.cell + static_cast<std::ptrdiff_t>(row) * t.stride;
}

inline double objective(const Tableau& t) noexcept {
    return -row_of(t, t.rows)[t.columns];
}

inline int stride_of(int columns) noexcept {
    return (columns + 8) / 8 * 8;
}

// Doubles that a tableau with all its labels takes.
inline std::ptrdiff_t tableau_size(int rows, int columns) noexcept {
    const std::ptrdiff_t variables = rows + columns;
    return (rows + 1) * static_cast<std::ptrdiff_t>(stride_of(columns)) + 2 * variables +
           (2 * variables + 1) / 2;
}

inline Tableau lay_out(double* memory, int rows, int columns) noexcept {
    Tableau t;
    t.rows = rows;
    t.columns = columns;
    t.stride = stride_of(columns);
    const int variables = rows + columns;
    t.cell = memory;
    t.upper = memory + (rows + 1) * static_cast<std::ptrdiff_t>(t.stride);
    t.shift = t.upper + variables;
    t.is_flipped = reinterpret_cast<std::int32_t*>(t.shift + variables);
    t.basic = t.is_flipped + variables;
    t.nonbasic = t.basic + rows;
    return t;
}

// All slacks basic, nothing else taken.
inline void clear(const Tableau& t) noexcept {
    std::fill_n(t.cell, (t.rows + 1) * static_cast<std::ptrdiff_t>(t.stride), 0.0);
    const int variables = t.rows + t.columns;
    std::fill_n(t.upper, variables, kInfinite);
    std::fill_n(t.shift, variables, 0.0);
    std::fill_n(t.is_flipped, variables, 0);
    for (int i = 0; i < t.rows; ++i) {
        t.basic[i] = t.columns + i;
    }
    for (int j = 0; j < t.columns; ++j) {
        t.nonbasic[j] = j;
    }
}

inline void subtract_row(double* from, const double* row, double factor, int stride) noexcept {
    const Vec f = broadcast(factor);
    for (int j = 0; j < stride; j += static_cast<int>(kLanes)) {
        store(from + j, load(from + j) - f * load(row + j));
    }
}

// Exchanges the variables of a row and a column. A fixed variable that leaves never comes back: its
// column becomes 0.
inline void pivot(const Tableau& t, int row, int column) noexcept {
    double* const r = row_of(t, row);
    const double inverse = 1.0 / r[column];
    const bool is_fixed = t.upper[t.basic[row]] == 0.0;
    const Vec scale = broadcast(inverse);
    for (int j = 0; j < t.stride; j += static_cast<int>(kLanes)) {
        store(r + j, load(r + j) * scale);
    }
    r[column] = is_fixed ? 0.0 : inverse;
    for (int i = 0; i <= t.rows; ++i) {
        double* const other = row_of(t, i);
        const double factor = other[column];
        if (i == row || factor == 0.0) {
            continue;
        }
        other[column] = 0.0;
        subtract_row(other, r, factor, t.stride);
    }
    std::swap(t.basic[row], t.nonbasic[column]);
}

// Replaces a nonbasic variable by its complement: it goes to its upper bound.
inline void flip_column(const Tableau& t, int column) noexcept {
    const int variable = t.nonbasic[column];
    for (int i = 0; i <= t.rows; ++i) {
        double* const r = row_of(t, i);
        r[t.columns] -= r[column] * t.upper[variable];
        r[column] = -r[column];
    }
    t.is_flipped[variable] ^= 1;
}

// Replaces a basic variable by its complement.
inline void flip_row(const Tableau& t, int row) noexcept {
    double* const r = row_of(t, row);
    const int variable = t.basic[row];
    const double value = t.upper[variable] - r[t.columns];
    for (int j = 0; j < t.columns; ++j) {
        r[j] = -r[j];
    }
    r[t.columns] = value;
    t.is_flipped[variable] ^= 1;
}

inline int entering_column(const Tableau& t, bool is_bland) noexcept {
    const double* const cost = row_of(t, t.rows);
    int chosen = -1;
    double least = -kTolerance;
    for (int j = 0; j < t.columns; ++j) {
        if (is_bland) {
            if (cost[j] < -kTolerance && (chosen < 0 || t.nonbasic[j] < t.nonbasic[chosen])) {
                chosen = j;
            }
        } else if (cost[j] < least) {
            least = cost[j];
            chosen = j;
        }
    }
    return chosen;
}

struct Leaving {
    int row = -1; // -1: the entering variable reaches its own bound first
    double step = kInfinite;
    bool is_at_upper = false;
};

inline bool
is_better_pivot(const Tableau& t, int column, int row, int than, bool is_bland) noexcept {
    const double a = std::fabs(row_of(t, row)[column]);
    const double b = std::fabs(row_of(t, than)[column]);
    if (is_bland || a == b) {
        return t.basic[row] < t.basic[than];
    }
    return a > b;
}

inline Leaving leaving_row(const Tableau& t, int column, bool is_bland) noexcept {
    Leaving leaving;
    leaving.step = t.upper[t.nonbasic[column]];
    for (int i = 0; i < t.rows; ++i) {
        const double* const r = row_of(t, i);
        const double a = r[column];
        double step;
        if (a > kTolerance) {
            step = std::max(r[t.columns], 0.0) / a;
        } else if (a < -kTolerance && t.upper[t.basic[i]] < kInfinite) {
            step = std::max(t.upper[t.basic[i]] - r[t.columns], 0.0) / -a;
        } else {
            continue;
        }
        const bool is_tie = std::fabs(step - leaving.step) <= kTolerance && leaving.row >= 0;
        if (is_tie ? is_better_pivot(t, column, i, leaving.row, is_bland) : step < leaving.step) {
            leaving = {i, step, a < 0.0};
        }
    }
    return leaving;
}

// From a feasible basis to an optimal one.
inline Outcome primal_simplex(const Tableau& t) noexcept {
    const int limit = 50 * (t.rows + t.columns) + 100;
    int degenerate = 0;
    for (int step = 0; step < limit; ++step) {
        const bool is_bland = degenerate > t.rows + t.columns;
        const int column = entering_column(t, is_bland);
        if (column < 0) {
            return Outcome::optimal;
        }
        const Leaving leaving = leaving_row(t, column, is_bland);
        degenerate = leaving.step > kTolerance ? 0 : degenerate + 1;
        if (leaving.row < 0) {
            flip_column(t, column);
            continue;
        }
        if (leaving.is_at_upper) {
            flip_row(t, leaving.row);
        }
        pivot(t, leaving.row, column);
    }
    return Outcome::out_of_steps;
}

// The row whose variable is furthest outside its bounds, turned so that it lies below 0; -1: none.
inline int infeasible_row(const Tableau& t) noexcept {
    int chosen = -1;
    double worst = kTolerance;
    bool is_above = false;
    for (int i = 0; i < t.rows; ++i) {
        const double value = row_of(t, i)[t.columns];
        const double above = value - t.upper[t.basic[i]];
        const double outside = std::max(-value, above);
        if (outside > worst) {
            worst = outside;
            chosen = i;
            is_above = above > -value;
        }
    }
    if (is_above) {
        flip_row(t, chosen);
    }
    return chosen;
}

inline int dual_column(const Tableau& t, int row) noexcept {
    const double* const r = row_of(t, row);
    const double* const cost = row_of(t, t.rows);
    int chosen = -1;
    double least = kInfinite;
    for (int j = 0; j < t.columns; ++j) {
        if (r[j] >= -kTolerance || t.upper[t.nonbasic[j]] == 0.0) {
            continue;
        }
        const double ratio = std::max(cost[j], 0.0) / -r[j];
        const bool is_tie = chosen >= 0 && std::fabs(ratio - least) <= kTolerance;
        const bool is_greater =
            is_tie &&
            (r[j] < r[chosen] || (r[j] == r[chosen] && t.nonbasic[j] < t.nonbasic[chosen]));
        if (is_tie ? is_greater : ratio < least) {
            chosen = j;
            least = ratio;
        }
    }
    return chosen;
}

// From an optimal basis that a tighter bound has made infeasible to the next optimal one.
inline Outcome dual_simplex(const Tableau& t, double cutoff) noexcept {
    const int limit = 20 * (t.rows + t.columns) + 100;
    for (int step = 0; step < limit; ++step) {
        if (objective(t) >= cutoff) {
            return Outcome::above_cutoff;
        }
        const int row = infeasible_row(t);
        if (row < 0) {
            return Outcome::optimal;
        }
        const int column = dual_column(t, row);
        if (column < 0) {
            return Outcome::infeasible;
        }
        pivot(t, row, column);
    }
    return Outcome::out_of_steps;
}

// Value of the variable that stands in a row.
inline double basic_value(const Tableau& t, int row) noexcept {
    const int variable = t.basic[row];
    const double value = row_of(t, row)[t.columns];
    return t.shift[variable] + (t.is_flipped[variable] != 0 ? t.upper[variable] - value : value);
}

// Writes the values of the columns' variables.
inline void read_solution(const Tableau& t, int columns, double* x) noexcept {
    for (int j = 0; j < t.columns; ++j) {
        const int variable = t.nonbasic[j];
        if (variable < columns) {
            x[variable] =
                t.shift[variable] + (t.is_flipped[variable] != 0 ? t.upper[variable] : 0.0);
        }
    }
    for (int i = 0; i < t.rows; ++i) {
        if (t.basic[i] < columns) {
            x[t.basic[i]] = basic_value(t, i);
        }
    }
}

// Tightens a bound of the variable that stands in a row: x <= bound or x >= bound.
inline void tighten(const Tableau& t, int row, double bound, bool is_upper) noexcept {
    const int variable = t.basic[row];
    const double room = bound - t.shift[variable];
    const bool is_flipped = t.is_flipped[variable] != 0;
    if (is_upper) {
        if (is_flipped) {
            row_of(t, row)[t.columns] -= t.upper[variable] - room;
        }
        t.upper[variable] = room;
        return;
    }
    if (!is_flipped) {
        row_of(t, row)[t.columns] -= room;
    }
    t.upper[variable] -= room;
    t.shift[variable] = bound;
}

} // namespace

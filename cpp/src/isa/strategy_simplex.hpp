// SPDX-License-Identifier: Apache-2.0
#pragma once

// A bounded dual simplex method: reduced costs stay at or above 0, and a row joins the tableau when
// it is violated.
//
// The most violated bound leaves (rows before basic variables, the first of several); the least
// ratio enters, among ratios within kTolerance the greatest pivot (the first of several), and
// variables whose whole range does not repair the violation are flipped on the way. Equal programs
// take equal steps.

#include "isa/strategy_tableau.hpp"

#include <bit>
#include <cstdint>

namespace {

enum class Outcome { optimal, infeasible, above_cutoff, out_of_steps };

// The first place, in lanes from 0 to width, where a comparison is true; -1: none. Asks 64 lanes at
// a time, as a branch after each vector could not be foreseen.
template <typename Compare> inline int first_where(int width, const Compare& compare) noexcept {
    for (int begin = 0; begin < width; begin += 64) {
        const int end = std::min(width, begin + 64);
        std::uint64_t bits = 0;
        for (int at = begin; at < end; at += kVec) {
            bits |= bits_of(compare(at)) << (at - begin);
        }
        if (bits != 0) {
            return begin + std::countr_zero(bits);
        }
    }
    return -1;
}

// What leaves: a row's slack or a basic variable.
struct Leaving {
    std::int64_t index = -1;
    bool is_row = false;
    double outside = 0.0;
};

template <int N> inline Leaving most_violated(const Sized<N>& t) noexcept {
    const int size = t.row_width() + padded(static_cast<int>(*t.n_basic));
    const auto violation = [&](int at) {
        const Vec level = load(t.slack + at);
        return max(-level, level - load(t.range + at));
    };
    Vec most = Vec{};
    for (int at = 0; at < size; at += kVec) {
        most = max(most, violation(at));
    }
    const double worst = greatest_of(most);
    if (!(worst > kTolerance)) {
        return {};
    }
    const int index = first_where(size, [&](int at) { return violation(at) == broadcast(worst); });
    const bool is_row = index < t.row_width();
    return {is_row ? index : index - t.row_width(), is_row, worst};
}

// Replaces a basic variable by its complement.
template <int N> inline void flip_row(const Sized<N>& t, std::int64_t row) noexcept {
    double* const cells = row_of(t, row);
    const std::int64_t j = t.basic[row];
    t.value[row] = t.upper[j] - t.value[row];
    t.sign[j] = -t.sign[j];
    for (int at = 0; at < t.width(); at += kVec) {
        store(cells + at, -load(cells + at));
    }
}

// Writes the row of what leaves into t.entry, turned so that the variable lies below 0.
template <int N> inline void write_entry(const Sized<N>& t, const Leaving& leaving) noexcept {
    if (!leaving.is_row) {
        if (t.value[leaving.index] > 0.0) {
            flip_row(t, leaving.index);
        }
        copy(t.entry, row_of(t, leaving.index), t.width());
        return;
    }
    const double side = t.slack[leaving.index] > 0.0 ? -1.0 : 1.0;
    for (int at = 0; at < t.width(); at += kVec) {
        Vec entry = row_part(t, leaving.index, at);
        entry *= broadcast(side) * load(t.active + at);
        for (std::int64_t i = 0; i < *t.n_basic; ++i) {
            const std::int64_t j = t.basic[i];
            const double factor = side * t.sign[j] * column_of(t, j)[leaving.index];
            entry += broadcast(-factor) * load(row_of(t, i) + at);
        }
        store(t.entry + at, entry);
    }
}

// Ratios of the places that may enter.
template <int N> inline void write_ratios(const Sized<N>& t) noexcept {
    for (int at = 0; at < t.width(); at += kVec) {
        const Vec entry = load(t.entry + at);
        const Mask may = (entry < broadcast(-kTolerance)) & (load(t.room + at) > Vec{});
        const Vec ratio = max(load(t.reduced + at), Vec{}) / -entry;
        store(t.ratio + at, select(may, ratio, broadcast(kInfinite)));
    }
}

// Place of the least ratio; -1: none.
template <int N> inline int least_ratio(const Sized<N>& t) noexcept {
    Vec least = broadcast(kInfinite);
    for (int at = 0; at < t.width(); at += kVec) {
        least = min(least, load(t.ratio + at));
    }
    const double limit = least_of(least) + kTolerance;
    if (limit == kInfinite) {
        return -1;
    }
    const auto pivot = [&](int at) {
        const Mask is_tie = load(t.ratio + at) <= broadcast(limit);
        return select(is_tie, -load(t.entry + at), Vec{});
    };
    Vec most = Vec{};
    for (int at = 0; at < t.width(); at += kVec) {
        most = max(most, pivot(at));
    }
    const Vec greatest = broadcast(greatest_of(most));
    return first_where(t.width(), [&](int at) { return pivot(at) == greatest; });
}

// Moves the variable of a place by a step from 0 and those of the places flipped, which stand first
// among the movers, to their upper bounds.
template <int N>
inline void advance(const Sized<N>& t, int n_flipped, int at, double step) noexcept {
    int count = n_flipped;
    if (t.active[at] != 0.0) {
        t.mover[count] = at;
        t.moved[count++] = t.active[at] * step;
    }
    for (std::int64_t i = 0; i < *t.n_basic; ++i) {
        double* const cells = row_of(t, i);
        double change = cells[at] * step;
        for (int k = 0; k < n_flipped; ++k) {
            const std::int64_t j = t.mover[k];
            const double cell = cells[j];
            change += cell * t.room[j];
            put(cells, j, -cell);
        }
        t.value[i] -= change;
        t.mover[count] = t.basic[i];
        t.moved[count++] = -(t.sign[t.basic[i]] * change);
    }
    for (int k = 0; k < n_flipped; ++k) {
        const std::int64_t j = t.mover[k];
        put(t.reduced, j, -t.reduced[j]);
        put(t.entry, j, -t.entry[j]);
        t.sign[j] = t.active[j] = -t.active[j];
    }
    move_slacks(t, count);
}

// Drops a tableau row: its variable has left and a row's slack has entered.
template <int N> inline void drop_row(const Sized<N>& t, std::int64_t row) noexcept {
    const std::int64_t last = --*t.n_basic;
    if (row != last) {
        copy(row_of(t, row), row_of(t, last), t.width());
        t.value[row] = t.value[last];
        t.range[t.row_width() + row] = t.range[t.row_width() + last];
        t.basic[row] = t.basic[last];
    }
    t.value[last] = 0.0;
    t.range[t.row_width() + last] = kInfinite;
}

// Puts a column's variable, which has left at some place, to its own.
template <int N> inline void settle(const Sized<N>& t, int at, std::int64_t own) noexcept {
    t.active[own] = t.sign[own];
    if (at == own) {
        return;
    }
    const auto swap = [&](double* array) {
        const double x = array[at];
        put(array, at, array[own]);
        put(array, own, x);
    };
    swap(t.reduced);
    swap(t.room);
    std::swap(t.place[at], t.place[own]);
    for (std::int64_t i = 0; i < *t.n_basic; ++i) {
        swap(row_of(t, i));
    }
}

// The lane that holds a place, of those from some place on.
inline Mask lanes_at(int begin, int at) noexcept {
    return lane_numbers() == broadcast(at - begin);
}

// Takes the variable of a place out of a row: the entry times what stands there, which itself goes.
template <int N> inline void eliminate(const Sized<N>& t, double* cells, int at) noexcept {
    const Vec factor = broadcast(cells[at]);
    for (int k = 0; k < t.width(); k += kVec) {
        const Vec rest = select(lanes_at(k, at), Vec{}, load(cells + k));
        store(cells + k, rest - factor * load(t.entry + k));
    }
}

// Exchanges what leaves for the variable of a place.
template <int N>
inline void exchange(const Sized<N>& t, const Leaving& leaving, int at, double step) noexcept {
    const double inverse = 1.0 / t.entry[at];
    const bool is_slack_in = t.active[at] == 0.0;
    const std::int64_t out = leaving.is_row ? t.columns + leaving.index : t.basic[leaving.index];
    const double range = leaving.is_row ? t.slack_upper[leaving.index] : t.upper[out];
    const std::int64_t row = leaving.is_row ? *t.n_basic : leaving.index;
    const double back = range == 0.0 ? 0.0 : inverse; // a fixed variable never comes back
    for (int k = 0; k < t.width(); k += kVec) {
        const Vec entry = load(t.entry + k) * inverse;
        store(t.entry + k, select(lanes_at(k, at), broadcast(back), entry));
    }
    eliminate(t, t.reduced, at);
    for (std::int64_t i = 0; i < *t.n_basic; ++i) {
        if (i != row) {
            eliminate(t, row_of(t, i), at);
        }
    }
    t.place[at] = out;
    put(t.room, at, range);
    t.active[at] = 0.0;
    if (!is_slack_in) {
        copy(row_of(t, row), t.entry, t.width());
        t.basic[row] = at;
        t.value[row] = step;
        t.range[t.row_width() + row] = t.upper[at];
        *t.n_basic = std::max(*t.n_basic, row + 1);
    } else if (!leaving.is_row) {
        drop_row(t, row);
    }
    if (!leaving.is_row) {
        settle(t, at, out);
    }
}

// One step; optimal means that the violation is repaired.
template <int N>
inline Outcome repair(const Sized<N>& t, const Leaving& leaving, double cutoff) noexcept {
    write_entry(t, leaving);
    write_ratios(t);
    double outside = leaving.outside, objective = *t.objective;
    int n_flipped = 0;
    int at = least_ratio(t);
    for (; at >= 0; at = least_ratio(t)) {
        const double rest = outside + t.entry[at] * t.room[at];
        const double move = rest > kTolerance ? t.room[at] : outside / -t.entry[at];
        objective += std::max(t.reduced[at], 0.0) * move;
        if (objective >= cutoff) {
            return Outcome::above_cutoff;
        }
        if (!(rest > kTolerance)) {
            *t.objective = objective;
            advance(t, n_flipped, at, move);
            exchange(t, leaving, at, move);
            return Outcome::optimal;
        }
        outside = rest;
        put(t.ratio, at, kInfinite);
        t.mover[n_flipped] = at;
        t.moved[n_flipped++] = t.active[at] * t.room[at];
    }
    return Outcome::infeasible;
}

// From reduced costs at or above 0 to an optimum.
template <int N> inline Outcome dual_simplex(const Sized<N>& t, double cutoff) noexcept {
    const int limit = 3 * (t.rows + t.columns) / 2 + 1000;
    for (int step = 0; step < limit; ++step) {
        const Leaving leaving = most_violated(t);
        if (leaving.index < 0) {
            return *t.objective >= cutoff ? Outcome::above_cutoff : Outcome::optimal;
        }
        const Outcome outcome = repair(t, leaving, cutoff);
        if (outcome != Outcome::optimal) {
            return outcome;
        }
    }
    return Outcome::out_of_steps;
}

} // namespace

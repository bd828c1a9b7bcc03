// SPDX-License-Identifier: Apache-2.0
#pragma once

// The steps in time of the grid of american_grid.cpp, several lane groups at once.

#include "isa/exercise_grid.hpp"

namespace {

constexpr std::size_t kGroups = 2; // lane groups in flight: the recursions wait on latency

struct Step {
    Vec side, middle, back; // factors of the recursions
    Exercise now;           // exercise value now.level - now.slope * e^z
    Vec american_first, american_last;
    Vec european_first, european_last;
};

// Whether the deviation since expiry is a few nodes only.
inline Mask is_rough_at(const Grid& grid, Vec tau) noexcept {
    return 2.0 * grid.half_variance * tau < kRough * kRough * grid.spacing * grid.spacing;
}

// European u at a node where e^z times the growth of the frame is forward.
inline Vec exact_european(const Grid& grid, std::size_t i, Vec forward, Vec deviation) noexcept {
    const Vec z = grid.first + static_cast<double>(i) * grid.spacing;
    const Vec d2 = z * (kInvSqrt2 / max(deviation, broadcast(1e-300)));
    return norm_cdf_coarse(-d2) - forward * norm_cdf_coarse(-d2 - kInvSqrt2 * deviation);
}

// Puts the exact European in the place of the grid's, and moves the American with it where it is
// not exercised. Soon after expiry the nodes do not resolve the strike's kink, and exercise just
// before an ex-date turns an error that both had into one of their difference.
inline void correct_european(Grid& grid, Mask is_rough) noexcept {
    const Vec tau = grid.segment.end;
    const Vec growth = frame_growth(grid, tau);
    const Vec deviation = sqrt(2.0 * grid.half_variance * tau);
    const Exercise exercise = exercise_at(grid, tau);
    for (std::size_t i = 0; i < grid.nodes; ++i) {
        const Vec forward = grid.exp_z[i] * growth;
        const Vec exact = exact_european(grid, i, forward, deviation);
        const Vec now = worth(exercise, forward);
        const Vec u = grid.american[i];
        const Vec moved = max(u + (exact - grid.european[i]), now);
        grid.american[i] = select(is_rough & (u > now + 1e-12), moved, u);
        grid.european[i] = select(is_rough, exact, grid.european[i]);
    }
}

// Enters the next segment in the lanes that have done theirs, where exercise is possible with the
// dividend still to come; true while any lane has time left.
inline bool
advance(Grid& grid, const SeriesLanes& lanes, const riskarray::UnderlyingSpots& market) noexcept {
    const Segment& segment = grid.segment;
    const Mask is_entering = (segment.done >= segment.steps) & (segment.end < grid.time);
    if (any(is_entering)) {
        const Mask is_rough = is_entering & (segment.end > 0.0) & is_rough_at(grid, segment.end);
        if (any(is_rough)) {
            correct_european(grid, is_rough);
        }
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            if (is_entering[lane]) {
                next_segment(grid, lanes, market, lane);
            }
        }
        const Vec growth = frame_growth(grid, segment.begin);
        const Exercise exercise = exercise_at(grid, segment.begin);
        for (std::size_t i = 0; i < grid.nodes; ++i) {
            const Vec now = worth(exercise, grid.exp_z[i] * growth);
            const Vec u = grid.american[i];
            grid.american[i] = select(is_entering & (now > u), now, u);
        }
        keep_certain(grid, exercise, is_entering, growth);
    }
    return any(segment.done < segment.steps);
}

// Share of a segment after some of its steps, which are shorter near its beginning.
inline Vec elapsed(Vec done, Vec steps) noexcept {
    const Vec f = min(done / steps, broadcast(1.0));
    return f * sqrt(f);
}

// Factors of (1 - implicit d2) u' = (1 + weight d2) u, d2 the second difference; a step of no
// length keeps u as it is, bit for bit.
inline void set_factors(Step& step, Vec lambda) noexcept {
    const Vec compact = select(lambda > 0.0, broadcast(1.0 / 12.0), Vec{});
    const Vec implicit = 0.5 * lambda - compact;
    const Vec weight = 0.5 * lambda + compact;
    const Vec scale = 2.0 / (1.0 + 2.0 * implicit + sqrt(1.0 + 4.0 * implicit));
    step.back = implicit * scale;
    step.side = weight * scale;
    step.middle = (1.0 - 2.0 * weight) * scale;
}

// At either end the European is exact and the American worth no less than it, and no less than
// under certainty.
inline void set_ends(Step& step, const Grid& grid, Vec tau, Vec growth, Mask is_moving) noexcept {
    const std::size_t end = grid.nodes - 1;
    const Vec deviation = sqrt(2.0 * grid.half_variance * tau);
    const Vec first = grid.exp_z[0] * growth;
    const Vec last = grid.exp_z[end] * growth;
    const Vec before = grid.exp_z[end - 1] * growth;
    const Vec european_first = exact_european(grid, 0, first, deviation);
    const Vec european_last = exact_european(grid, end, last, deviation);
    const Vec european_before = exact_european(grid, end - 1, before, deviation);
    const Vec american = max(worth(grid.far, last), european_last) -
                         step.back * max(worth(grid.far, before), european_before);
    const Vec european = european_last - step.back * european_before;
    step.american_first = max(worth(grid.near, first), european_first);
    step.american_last = select(is_moving, american, grid.american[end]);
    step.european_first = european_first;
    step.european_last = select(is_moving, european, grid.european[end]);
}

inline Step next_step(Grid& grid) noexcept {
    Segment& segment = grid.segment;
    const Vec length = segment.end - segment.begin;
    const Vec from = segment.begin + length * elapsed(segment.done, segment.steps);
    segment.done = min(segment.done + 1.0, segment.steps);
    const Vec tau = segment.begin + length * elapsed(segment.done, segment.steps);
    const Vec growth = frame_growth(grid, tau);
    Step step;
    set_factors(step, grid.half_variance * (tau - from) / (grid.spacing * grid.spacing));
    step.now = exercise_at(grid, tau);
    keep_certain(grid, step.now, segment.done <= segment.steps, growth);
    set_ends(step, grid, tau, growth, tau > from);
    step.now.slope *= growth;
    return step;
}

// The recursion away from the exercise side, one node at a time.
struct Elimination {
    Vec above, here, value;

    void at(Vec* u, std::size_t i, const Step& step) noexcept {
        const Vec below = u[i - 1];
        value = step.side * (above + below) + step.middle * here + step.back * value;
        u[i] = value;
        above = here;
        here = below;
    }
};

inline Elimination start(Vec* u, std::size_t nodes, Vec last) noexcept {
    const Elimination elimination{u[nodes - 1], u[nodes - 2], last};
    u[nodes - 1] = last;
    return elimination;
}

inline void eliminate(Grid (&grids)[kGroups], const Step (&steps)[kGroups]) noexcept {
    const std::size_t nodes = grids[0].nodes;
    Elimination american[kGroups];
    Elimination european[kGroups];
    for (std::size_t g = 0; g < kGroups; ++g) {
        american[g] = start(grids[g].american, nodes, steps[g].american_last);
        european[g] = start(grids[g].european, nodes, steps[g].european_last);
    }
    for (std::size_t i = nodes - 2; i > 0; --i) {
#pragma GCC unroll 4
        for (std::size_t g = 0; g < kGroups; ++g) {
            american[g].at(grids[g].american, i, steps[g]);
            european[g].at(grids[g].european, i, steps[g]);
        }
    }
}

inline void substitute(Grid (&grids)[kGroups], const Step (&steps)[kGroups]) noexcept {
    const std::size_t nodes = grids[0].nodes;
    Vec american[kGroups];
    Vec european[kGroups];
    for (std::size_t g = 0; g < kGroups; ++g) {
        american[g] = grids[g].american[0] = steps[g].american_first;
        european[g] = grids[g].european[0] = steps[g].european_first;
    }
    for (std::size_t i = 1; i < nodes; ++i) {
#pragma GCC unroll 4
        for (std::size_t g = 0; g < kGroups; ++g) {
            const Vec exercise = worth(steps[g].now, grids[g].exp_z[i]);
            american[g] = max(grids[g].american[i] + steps[g].back * american[g], exercise);
            grids[g].american[i] = american[g];
            european[g] = grids[g].european[i] + steps[g].back * european[g];
            grids[g].european[i] = european[g];
        }
    }
}

inline void solve(Grid (&grids)[kGroups],
                  const SeriesLanes (&lanes)[kGroups],
                  const riskarray::UnderlyingSpots& market) noexcept {
    for (;;) {
        bool has_time = false;
        for (std::size_t g = 0; g < kGroups; ++g) {
            has_time |= advance(grids[g], lanes[g], market);
        }
        if (!has_time) {
            return;
        }
        Step steps[kGroups];
        for (std::size_t g = 0; g < kGroups; ++g) {
            steps[g] = next_step(grids[g]);
        }
        eliminate(grids, steps);
        substitute(grids, steps);
    }
}

} // namespace

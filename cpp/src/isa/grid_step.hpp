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

// Enters the next segment in the lanes that have done theirs, where exercise is possible with the
// dividend still to come; true while any lane has time left.
inline bool
advance(Grid& grid, const SeriesLanes& lanes, const riskarray::UnderlyingSpots& market) noexcept {
    const Segment& segment = grid.segment;
    const Mask is_entering = (segment.done >= segment.steps) & (segment.end < grid.time);
    if (any(is_entering)) {
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

// Beyond the last node u is taken to decay to its value under certainty; before the first it has
// it.
inline void set_ends(Step& step, const Grid& grid, Vec growth, Mask is_moving) noexcept {
    const std::size_t end = grid.nodes - 1;
    const Vec first = grid.exp_z[0] * growth;
    const Vec last = grid.exp_z[end] * growth;
    const Vec before = grid.exp_z[end - 1] * growth;
    const Vec american =
        max(worth(grid.far, last), Vec{}) - step.back * max(worth(grid.far, before), Vec{});
    const Vec european = max(1.0 - last, Vec{}) - step.back * max(1.0 - before, Vec{});
    step.american_first = max(worth(grid.near, first), Vec{});
    step.american_last = select(is_moving, american, grid.american[end]);
    step.european_first = max(1.0 - first, Vec{});
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
    set_ends(step, grid, growth, tau > from);
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

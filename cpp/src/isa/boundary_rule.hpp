// SPDX-License-Identifier: Apache-2.0
#pragma once

// Nodes and quadrature of american_boundary.cpp, in time relative to expiry; the twin is
// _numba/boundary_rule.py, tests/test_boundary_rule.py derives the numbers.

#include <array>
#include <cstddef>

namespace {

constexpr std::size_t n_nodes = 6;
constexpr std::size_t n_points = 5;
constexpr std::size_t n_price_points = 12;
constexpr int n_iterations = 3;       // of fixed point A without a yield
constexpr int n_yield_iterations = 4; // of fixed point A with a yield
constexpr int n_steep_iterations = 8; // of fixed point B

using NodeArray = std::array<double, n_nodes>;

// Chebyshev extrema c_i = (1 + cos(i pi / n)) / 2 in the root of time; at c_n = 0
// the boundary is known.
constexpr NodeArray node = {1.0, 0.9330127018922194, 0.75, 0.5, 0.25, 0.06698729810778065};
constexpr NodeArray node_log = {0.0,
                                -0.06933646419507382,
                                -0.2876820724517809,
                                -0.6931471805599453,
                                -1.3862943611198906,
                                -2.703252258044708};

// Gauss-Legendre in the angle h on (0, pi/2): the root of the time back from a node is y = sin h,
// the root of the time to the boundary's node cos h, so that the integrand has no root at either
// end. The weights are those of 2 dy.
constexpr double point[n_points] = {0.07361951306612327,
                                    0.35459917985102696,
                                    0.7071067811865475,
                                    0.935018407117731,
                                    0.9972864018404677};
constexpr double point_root[n_points] = {0.9972864018404678,
                                         0.9350184071177311,
                                         0.7071067811865476,
                                         0.35459917985102707,
                                         0.07361951306612337};
constexpr double point_weight[n_points] = {0.37115397754332946,
                                           0.7029731662697953,
                                           0.6318766845380789,
                                           0.2665976480451922,
                                           0.02739852368273417};

// The same for prices with h = pi/2 t^1.25, denser where the spot is near the boundary:
// Gauss-Jacobi in t with weight (1 - t) t^1.5. The weights are those of 2 y dy.
constexpr double price_point[n_price_points] = {0.01680301834837872,
                                                0.06367461462900458,
                                                0.1454183418227849,
                                                0.2608537499436831,
                                                0.4022507507166609,
                                                0.5555081992596779,
                                                0.7025494266149852,
                                                0.8261100271796578,
                                                0.9151584257094744,
                                                0.9681456599184554,
                                                0.9922729069409805,
                                                0.9992820992626348};
constexpr double price_root[n_price_points] = {0.9998588193212,
                                               0.9979707127224966,
                                               0.9893702572149173,
                                               0.9653783305732103,
                                               0.9155295372339893,
                                               0.8315110585886817,
                                               0.711634950773889,
                                               0.5635088490815606,
                                               0.40309435105562624,
                                               0.2503876617987767,
                                               0.124074486301158,
                                               0.03788516983282292};
constexpr double price_weight[n_price_points] = {0.0010265484801571716,
                                                 0.008149306418211273,
                                                 0.02888381055209595,
                                                 0.06796317182759647,
                                                 0.1207830564868455,
                                                 0.17030072252875691,
                                                 0.193655413591394,
                                                 0.17744868379518383,
                                                 0.12894988117576436,
                                                 0.07125306402429725,
                                                 0.02681042882335439,
                                                 0.00477591219606346};

// Weights that interpolate a function from its values at the nodes and 0 at time 0 (Berrut and
// Trefethen 2004, eq. 5.4).
constexpr NodeArray interpolation_weights(double root) {
    NodeArray weight{};
    double sum = 0.0;
    for (std::size_t j = 0; j <= n_nodes; ++j) {
        const double sign = j % 2 == 0 ? 1.0 : -1.0;
        const double half = j == 0 || j == n_nodes ? 0.5 : 1.0;
        const double term = sign * half / (root - (j == n_nodes ? 0.0 : node[j]));
        sum += term;
        if (j < n_nodes) {
            weight[j] = term;
        }
    }
    for (double& w : weight) {
        w /= sum;
    }
    return weight;
}

constexpr auto solve_interpolation = [] {
    std::array<std::array<NodeArray, n_points>, n_nodes> weight{};
    for (std::size_t i = 0; i < n_nodes; ++i) {
        for (std::size_t k = 0; k < n_points; ++k) {
            weight[i][k] = interpolation_weights(node[i] * point_root[k]);
        }
    }
    return weight;
}();

constexpr auto price_interpolation = [] {
    std::array<NodeArray, n_price_points> weight{};
    for (std::size_t k = 0; k < n_price_points; ++k) {
        weight[k] = interpolation_weights(price_root[k]);
    }
    return weight;
}();

} // namespace

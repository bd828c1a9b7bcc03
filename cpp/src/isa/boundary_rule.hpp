// SPDX-License-Identifier: Apache-2.0
#pragma once

// Nodes and quadrature of american_boundary.cpp, in time relative to expiry; the twin is
// _numba/boundary_rule.py, tests/test_boundary_rule.py derives the numbers.

#include <array>
#include <cstddef>

namespace {

constexpr std::size_t n_nodes = 7;
constexpr std::size_t n_points = 6;
constexpr std::size_t n_price_points = 14;
constexpr int n_iterations = 4;        // of fixed point A without a yield
constexpr int n_yield_iterations = 5;  // of fixed point A with a yield
constexpr int n_steep_iterations = 10; // of fixed point B

using NodeArray = std::array<double, n_nodes>;

// Chebyshev extrema c_i = (1 + cos(i pi / n)) / 2 in the root of time; at c_n = 0
// the boundary is known.
constexpr NodeArray node = {1.0,
                            0.9504844339512095,
                            0.8117449009293668,
                            0.6112604669781572,
                            0.38873953302184283,
                            0.18825509907063326,
                            0.04951556604879048};
constexpr NodeArray node_log = {0.0,
                                -0.05078349388295577,
                                -0.2085691495965311,
                                -0.49223211444902176,
                                -0.9448457405538245,
                                -1.669957325972381,
                                -3.0054681932093152};

// Gauss-Legendre in the angle h on (0, pi/2): the root of the time back from a node is y = sin h,
// the root of the time to the boundary's node cos h, so that the integrand has no root at either
// end. The weights are those of 2 dy.
constexpr double point[n_points] = {0.053013456323508366,
                                    0.26295674629148197,
                                    0.5629800066873557,
                                    0.8264705149430952,
                                    0.9648076230937425,
                                    0.9985937980223167};
constexpr double point_root[n_points] = {0.9985937980223167,
                                         0.9648076230937426,
                                         0.8264705149430952,
                                         0.5629800066873557,
                                         0.26295674629148214,
                                         0.05301345632350841};
constexpr double point_weight[n_points] = {0.2687374520318513,
                                           0.5467400336965386,
                                           0.6074537537801342,
                                           0.4137888916568861,
                                           0.14901310570819173,
                                           0.014266763126304833};

// The same for prices with h = pi/2 t^1.25, denser where the spot is near the boundary:
// Gauss-Jacobi in t with weight (1 - t) t^1.5. The weights are those of 2 y dy.
constexpr double price_point[n_price_points] = {0.011991194352513475,
                                                0.045691811171885165,
                                                0.10531912214893793,
                                                0.19165476584069352,
                                                0.30182953844646027,
                                                0.42907036123501363,
                                                0.5631080428673639,
                                                0.6917131427963042,
                                                0.8032685163367046,
                                                0.8895949303411843,
                                                0.9478876961698743,
                                                0.9809184883862997,
                                                0.9954511098043473,
                                                0.9995817835691303};
constexpr double price_root[n_price_points] = {0.999928103044414,
                                               0.99895558379331,
                                               0.994438475980177,
                                               0.9814624041350484,
                                               0.953361909099161,
                                               0.9032710695630936,
                                               0.8263832839899939,
                                               0.7221723672938889,
                                               0.5956170671347735,
                                               0.4567503255732429,
                                               0.3186046381485491,
                                               0.19441944126536545,
                                               0.09527375288763104,
                                               0.02891812505603382};
constexpr double price_weight[n_price_points] = {0.0005239386502979822,
                                                 0.004226316938694579,
                                                 0.015406572723281609,
                                                 0.037969367342068135,
                                                 0.07253477624975282,
                                                 0.1137773279729755,
                                                 0.15024440591371932,
                                                 0.1685255578981705,
                                                 0.16048582016224605,
                                                 0.12861125823792213,
                                                 0.08491061451745525,
                                                 0.0440362213294033,
                                                 0.015958657201856078,
                                                 0.0027891648368370816};

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

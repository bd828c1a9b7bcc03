// SPDX-License-Identifier: Apache-2.0
#pragma once

// Lanes of doubles over the vector extensions of GCC and Clang; one lane is one series. All names
// have internal linkage, so that code for one instruction set never stands in for another's.

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__AVX__) || defined(__AVX512F__)
#include <immintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace {

#if defined(__AVX512F__)
constexpr std::size_t kLanes = 8;
#elif defined(__AVX__)
constexpr std::size_t kLanes = 4;
#else
constexpr std::size_t kLanes = 2;
#endif

using Vec __attribute__((vector_size(kLanes * sizeof(double)))) = double;
using Mask __attribute__((vector_size(kLanes * sizeof(double)))) = std::int64_t;

inline Vec broadcast(double x) noexcept {
    return x - Vec{};
}

inline Vec load(const double* p) noexcept {
    Vec v;
    std::memcpy(&v, p, sizeof v);
    return v;
}

inline void store(double* p, Vec v) noexcept {
    std::memcpy(p, &v, sizeof v);
}

inline Mask as_bits(Vec v) noexcept {
    return reinterpret_cast<Mask>(v);
}
inline Vec as_double(Mask m) noexcept {
    return reinterpret_cast<Vec>(m);
}

inline Vec select(Mask mask, Vec yes, Vec no) noexcept {
    return mask ? yes : no;
}
// The first operand is kept when a comparison with NaN fails, so NaN in x survives. The processor's
// instructions keep their second operand then; compilers do not find them in the plain form.
inline Vec max(Vec x, Vec y) noexcept {
#if defined(__AVX512F__)
    return reinterpret_cast<Vec>(
        _mm512_max_pd(reinterpret_cast<__m512d>(y), reinterpret_cast<__m512d>(x)));
#elif defined(__AVX__)
    return reinterpret_cast<Vec>(
        _mm256_max_pd(reinterpret_cast<__m256d>(y), reinterpret_cast<__m256d>(x)));
#elif defined(__SSE2__)
    return reinterpret_cast<Vec>(
        _mm_max_pd(reinterpret_cast<__m128d>(y), reinterpret_cast<__m128d>(x)));
#else
    return x < y ? y : x;
#endif
}

inline Vec min(Vec x, Vec y) noexcept {
#if defined(__AVX512F__)
    return reinterpret_cast<Vec>(
        _mm512_min_pd(reinterpret_cast<__m512d>(y), reinterpret_cast<__m512d>(x)));
#elif defined(__AVX__)
    return reinterpret_cast<Vec>(
        _mm256_min_pd(reinterpret_cast<__m256d>(y), reinterpret_cast<__m256d>(x)));
#elif defined(__SSE2__)
    return reinterpret_cast<Vec>(
        _mm_min_pd(reinterpret_cast<__m128d>(y), reinterpret_cast<__m128d>(x)));
#else
    return x > y ? y : x;
#endif
}

inline Vec abs(Vec x) noexcept {
    return as_double(as_bits(x) & INT64_MAX);
}

inline Vec sqrt(Vec x) noexcept {
#if defined(__AVX512F__)
    return reinterpret_cast<Vec>(_mm512_sqrt_pd(reinterpret_cast<__m512d>(x)));
#elif defined(__AVX__)
    return reinterpret_cast<Vec>(_mm256_sqrt_pd(reinterpret_cast<__m256d>(x)));
#elif defined(__SSE2__)
    return reinterpret_cast<Vec>(_mm_sqrt_pd(reinterpret_cast<__m128d>(x)));
#else
    Vec root;
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
        root[lane] = __builtin_sqrt(x[lane]);
    }
    return root;
#endif
}

// Greatest integer not above x, for |x| < 2^51.
inline Vec floor(Vec x) noexcept {
    const Vec nearest = (x + 0x1.8p52) - 0x1.8p52;
    return select(nearest > x, nearest - 1.0, nearest);
}

// Relative error below 1e-8 for normal x: cheaper where the processor has an approximation.
inline Vec sqrt_coarse(Vec x) noexcept {
#if defined(__AVX512F__)
    const Vec y = reinterpret_cast<Vec>(_mm512_rsqrt14_pd(reinterpret_cast<__m512d>(x)));
    const Vec root = x * y;
    return root + 0.5 * root * (1.0 - root * y); // one step of Newton's method
#else
    return sqrt(x);
#endif
}

// Greatest of the lanes; no NaN.
inline double greatest_of(Vec v) noexcept {
#if defined(__AVX512F__)
    return _mm512_reduce_max_pd(reinterpret_cast<__m512d>(v));
#else
    double greatest = v[0];
    for (std::size_t lane = 1; lane < kLanes; ++lane) {
        greatest = v[lane] > greatest ? v[lane] : greatest;
    }
    return greatest;
#endif
}

inline double least_of(Vec v) noexcept {
#if defined(__AVX512F__)
    return _mm512_reduce_min_pd(reinterpret_cast<__m512d>(v));
#else
    double least = v[0];
    for (std::size_t lane = 1; lane < kLanes; ++lane) {
        least = v[lane] < least ? v[lane] : least;
    }
    return least;
#endif
}

// A bit for each lane.
inline std::uint64_t bits_of(Mask mask) noexcept {
#if defined(__AVX512DQ__)
    return _mm512_movepi64_mask(reinterpret_cast<__m512i>(mask));
#elif defined(__AVX__)
    return static_cast<std::uint64_t>(_mm256_movemask_pd(reinterpret_cast<__m256d>(mask)));
#elif defined(__SSE2__)
    return static_cast<std::uint64_t>(_mm_movemask_pd(reinterpret_cast<__m128d>(mask)));
#else
    std::uint64_t bits = 0;
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
        bits |= (mask[lane] != 0 ? std::uint64_t{1} : std::uint64_t{0}) << lane;
    }
    return bits;
#endif
}

// The number of each lane.
inline Vec lane_numbers() noexcept {
    Vec v;
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
        v[lane] = static_cast<double>(lane);
    }
    return v;
}

// Stores the first lanes, count of them or all.
inline void store_part(double* p, Vec v, int count) noexcept {
#if defined(__AVX512F__)
    const auto lanes = static_cast<__mmask8>(count < 8 ? (1 << count) - 1 : 255);
    _mm512_mask_storeu_pd(p, lanes, reinterpret_cast<__m512d>(v));
#elif defined(__AVX__)
    const Mask lanes = lane_numbers() < broadcast(count);
    _mm256_maskstore_pd(p, reinterpret_cast<__m256i>(lanes), reinterpret_cast<__m256d>(v));
#else
    for (int lane = 0; lane < static_cast<int>(kLanes) && lane < count; ++lane) {
        p[lane] = v[static_cast<std::size_t>(lane)];
    }
#endif
}

inline bool any(Mask mask) noexcept {
    std::int64_t bits = 0;
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
        bits |= mask[lane];
    }
    return bits != 0;
}

} // namespace

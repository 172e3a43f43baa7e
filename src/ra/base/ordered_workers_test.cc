#include "ra/base/ordered_workers.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>

namespace ra {
namespace {

// 0, 1, ... count - 1.
std::function<std::optional<int>()> count_to(int count) {
  return [next = 0, count]() mutable { return next < count ? std::optional(next++) : std::nullopt; };
}

// Longer for some items than for others, so that they end in another order than they began.
void linger(int item) { std::this_thread::sleep_for(std::chrono::microseconds(item % 7 * 100)); }

TEST(OrderedWorkers, GivesResultsInTheOrderOfTheItems) {
  for (const int threads : {1, 2, 5}) {
    OrderedWorkers<int, int> workers(threads, 8, count_to(200), [](int item) {
      linger(item);
      return item * item;
    });
    for (int k = 0; k < 200; ++k) EXPECT_EQ(workers.next(), k * k);
    EXPECT_EQ(workers.next(), std::nullopt);
    EXPECT_EQ(workers.next(), std::nullopt);
  }
}

TEST(OrderedWorkers, TakesNoMoreThanTheItemsAhead) {
  std::atomic<int> taken = 0;
  OrderedWorkers<int, int> workers(4, 3, [&] { return std::optional(taken++); }, [](int item) { return item; });
  for (int fetched = 0; fetched < 50; ++fetched) {
    EXPECT_LE(taken, fetched + 3);
    EXPECT_EQ(workers.next(), fetched);
  }
}

TEST(OrderedWorkers, ThrowsAtTheItemThatFailedAndGoesOn) {
  OrderedWorkers<int, int> workers(3, 4, count_to(20), [](int item) {
    linger(item);
    if (item % 5 == 2) throw std::runtime_error(std::to_string(item));
    return item;
  });
  for (int k = 0; k < 20; ++k) {
    if (k % 5 != 2) {
      EXPECT_EQ(workers.next(), k);
      continue;
    }
    try {
      workers.next();
      ADD_FAILURE() << k;
    } catch (const std::runtime_error& error) {
      EXPECT_EQ(error.what(), std::to_string(k));
    }
  }
  EXPECT_EQ(workers.next(), std::nullopt);
}

TEST(OrderedWorkers, EndsWithWhatTheSourceThrows) {
  const auto source = [next = 0]() mutable {
    if (next == 3) throw std::runtime_error("broken");
    return std::optional(next++);
  };
  OrderedWorkers<int, int> workers(2, 8, source, [](int item) { return item; });
  for (int k = 0; k < 3; ++k) EXPECT_EQ(workers.next(), k);
  EXPECT_THROW(workers.next(), std::runtime_error);
  EXPECT_EQ(workers.next(), std::nullopt);
}

TEST(OrderedWorkers, CanBeLeftAtAnyTime) {
  for (int fetched = 0; fetched < 20; ++fetched) {
    OrderedWorkers<int, int> first(1, 2, count_to(1000), [](int item) { return item + 1; });
    OrderedWorkers<int, int> second(
        3, 4, [&] { return first.next(); },
        [](int item) {
          linger(item);
          return 2 * item;
        });
    for (int k = 0; k < fetched; ++k) EXPECT_EQ(second.next(), 2 * (k + 1));
  }
}

// Each of two items ends only when the other has begun.
TEST(OrderedWorkers, WorksOnSeveralItemsAtATime) {
  std::atomic<int> begun = 0;
  OrderedWorkers<int, int> workers(2, 2, count_to(2), [&](int item) {
    ++begun;
    for (int k = 0; k < 10000 && begun < 2; ++k) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return item;
  });
  while (workers.next()) {
  }
  EXPECT_EQ(begun, 2);
}

}  // namespace
}  // namespace ra

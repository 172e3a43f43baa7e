#include "ra/data/manifest.h"

#include <gtest/gtest.h>

#include "ra/base/atomic_file.h"
#include "ra/testing/expect_error.h"
#include "ra/testing/temporary_folder.h"

namespace ra {
namespace {

using testing::expect_error;

class Manifest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"a.png", "b.png", "m.png"}) write_file(folder_.path() / name, std::string_view("x"));
  }
  LabelledSet read(const std::string& text) const {
    write_file(folder_.path() / "set.csv", std::string_view(text));
    return read_manifest("set", folder_.path() / "set.csv");
  }
  testing::TemporaryFolder folder_;
};

TEST_F(Manifest, ReadsEveryColumnAndTakesPathsFromItsOwnFolder) {
  const LabelledSet set = read(
      "\xEF\xBB\xBFimage,subject,label,class,mask,outside_mask,box,split,site,scanner,field_strength,sex,age,"
      "spacing\r\n"
      "a.png,s1,1,mass;edema,m.png,m.png,1 2 3 4; 5 6 7 8,test,\"Guy's, London\",,1.5,f,60,0.9\n"
      "b.png,s2,0,,,,,test,,,,,,\n");
  ASSERT_EQ(set.rows.size(), 2u);
  const ManifestRow& row = set.rows[0];
  EXPECT_EQ(row.image, folder_.path() / "a.png");
  EXPECT_EQ(row.mask, folder_.path() / "m.png");
  EXPECT_TRUE(*row.pathological);
  ASSERT_EQ(row.boxes.size(), 2u);
  EXPECT_EQ(row.boxes[1].label, "edema");
  EXPECT_EQ(row.boxes[1].box.height, 8);
  EXPECT_EQ(row.groups.at("site"), "Guy's, London");
  EXPECT_EQ(row.groups.count("scanner"), 0u);
  EXPECT_FALSE(*set.rows[1].pathological);
}

TEST_F(Manifest, AllowsAnImageInSeveralRowsButNoRowTwice) {
  EXPECT_EQ(read("image,box\na.png,1 1 2 2\na.png,3 3 2 2\n").rows.size(), 2u);
  expect_error(ErrorCode::kUsage, {"line 3", "equal to line 2"},
               [&] { read("image,box\na.png,1 1 2 2\na.png,1 1 2 2\n"); });
}

TEST_F(Manifest, NamesWhatIsWrongWithItsLine) {
  expect_error(ErrorCode::kUsage, {"unknown column 'imge'", "did you mean 'image'"}, [&] { read("imge\na.png\n"); });
  expect_error(ErrorCode::kUsage, {"'image' is missing"}, [&] { read("label\n1\n"); });
  expect_error(ErrorCode::kUsage, {"line 2", "label is '2'"}, [&] { read("image,label\na.png,2\n"); });
  expect_error(ErrorCode::kUsage, {"'1 2 3'", "x y w h"}, [&] { read("image,box\na.png,1 2 3\n"); });
  expect_error(ErrorCode::kUsage, {"x y w h"}, [&] { read("image,box\na.png,1 2 3 4.5\n"); });
  expect_error(ErrorCode::kUsage, {"negative"}, [&] { read("image,box\na.png,1 2 -3 4\n"); });
  expect_error(ErrorCode::kUsage, {"3 boxes but 2 classes"},
               [&] { read("image,class,box\na.png,x;y,1 1 1 1;2 2 2 2;3 3 3 3\n"); });
  expect_error(ErrorCode::kUsage, {"line 2", "3 fields", "2 columns"}, [&] { read("image,label\na.png,1,x\n"); });
  expect_error(ErrorCode::kUsage, {"holds no row"}, [&] { read("image,label\n"); });
}

TEST_F(Manifest, NamesEveryMissingFileOnce) {
  expect_error(ErrorCode::kUsage, {"2 files that are missing", "no.png", "nomask.png"},
               [&] { read("image,mask,label\nno.png,,0\nno.png,,1\na.png,nomask.png,1\n"); });
}

TEST(RowsOfLists, RefusesListsOfDifferentLength) {
  EXPECT_EQ(rows_of_lists("set", {"a.png", "a.png"}, {"x.png", "y.png"}, {}).rows[1].mask, "y.png");
  expect_error(ErrorCode::kUsage, {"'set'", "2 images", "1 labels"},
               [] { rows_of_lists("set", {"a.png", "b.png"}, {"x.png"}, {}); });
}

}  // namespace
}  // namespace ra

#include "ra/data/path_list.h"

#include <gmock/gmock.h>

#include <functional>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/testing/expect_error.h"
#include "ra/testing/temporary_folder.h"

namespace ra {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class PathListTest : public ::testing::Test {
 protected:
  fs::path make(const std::string& name, const std::string& content = "x") {
    const fs::path path = root() / name;
    fs::create_directories(path.parent_path());
    write_file(path, content);
    return path;
  }
  const fs::path& root() const { return folder_.path(); }

  static std::string reason_of(const std::function<void()>& work, ErrorCode code = ErrorCode::kUsage) {
    try {
      work();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code);
      return error.what();
    }
    ADD_FAILURE() << "no error";
    return "";
  }

 private:
  testing::TemporaryFolder folder_;
};

TEST_F(PathListTest, SearchesFoldersForKnownEndingsInSortedOrder) {
  const fs::path b = make("scans/b.PNG"), a = make("scans/deep/a.nii.gz"), c = make("scans/c.npy");
  make("scans/notes.txt");
  EXPECT_THAT(expand_path_list({"scans"}, root()), ElementsAre(b, c, a));
}

TEST_F(PathListTest, FindsEveryImageOnceInFoldersWithLinksThatLeadBackOrNowhere) {
  const fs::path image = make("scans/deep/a.png"), elsewhere = make("other/b.png");
  fs::create_directory_symlink(root() / "scans", root() / "scans/deep/up");
  fs::create_symlink("loop.png", root() / "scans/loop.png");
  fs::create_symlink("nowhere.png", root() / "scans/broken.png");
  fs::create_directory_symlink(root() / "other", root() / "scans/linked");
  EXPECT_THAT(expand_path_list({"scans"}, root()), ElementsAre(image, root() / "scans/linked/b.png"));
}

TEST_F(PathListTest, ExpandsGlobsUnderTheRootEvenIfItsNameLooksLikeOne) {
  const fs::path one = make("odd[1]/s1.png"), two = make("odd[1]/s2.png");
  make("odd[1]/t.png");
  EXPECT_THAT(expand_path_list({"s*.png"}, root() / "odd[1]"), ElementsAre(one, two));
  // A file whose name looks like a glob is a file.
  const fs::path odd = make("what?.png");
  make("whats.png");
  EXPECT_THAT(expand_path_list({"what?.png"}, root()), ElementsAre(odd));
}

TEST_F(PathListTest, ReadsTheFirstColumnAndKeepsDuplicates) {
  const fs::path a = make("a.png"), odd = make("b,c.png");
  make("list.csv",
       "\xEF\xBB\xBF"
       "filename,age\r\na.png,31\r\n\r\n|b,c.png|,40\r\na.png,31\r\n");
  EXPECT_THAT(expand_path_list({"list.csv"}, root()), ElementsAre(a, odd, a));
}

TEST_F(PathListTest, AbsoluteRowsIgnoreTheRoot) {
  const fs::path a = make("a.png");
  make("list.csv", "filename\n" + a.string() + "\n");
  EXPECT_THAT(expand_path_list({(root() / "list.csv").string()}, root() / "elsewhere"), ElementsAre(a));
}

TEST_F(PathListTest, NamesEveryMissingFileOnceInOneError) {
  make("a.png");
  make("one.csv", "filename\na.png\ngone.png\n");
  make("two.csv", "filename\ngone.png\nlost.png\n");
  const DataOptions options{{"one.csv"}, {"two.csv"}, {"no_such_*.png"}, root().string()};
  const std::string reason = reason_of([&] { expand_data_options(options); });
  EXPECT_THAT(reason, HasSubstr("3 files are missing"));
  EXPECT_THAT(reason, HasSubstr("lost.png"));
  EXPECT_THAT(reason, HasSubstr("no_such_*.png"));
  EXPECT_EQ(reason.find("gone.png"), reason.rfind("gone.png"));
}

TEST_F(PathListTest, NamesEveryMissingFile) {
  std::string list = "filename\n";
  for (int k = 10; k < 33; ++k) list += "gone" + std::to_string(k) + ".png\n";
  make("list.csv", list);
  const std::string reason = reason_of([&] { expand_path_list({"list.csv"}, root()); });
  EXPECT_THAT(reason, HasSubstr("23 files are missing"));
  for (int k = 10; k < 33; ++k) EXPECT_THAT(reason, HasSubstr("gone" + std::to_string(k) + ".png'"));
}

TEST_F(PathListTest, RefusesAListWithoutAHeader) {
  make("a.png", "x");
  make("b.png", "x");
  make("list.csv", "a.png\nb.png\n");
  EXPECT_THAT(reason_of([&] { expand_path_list({"list.csv"}, root()); }), HasSubstr("no header line"));
}

TEST_F(PathListTest, RefusesEmptyListsAndFolders) {
  make("header.csv", "filename\n");
  make("void.csv", "");
  make("text/notes.txt");
  for (const char* entry : {"header.csv", "void.csv", "text"}) {
    EXPECT_THAT(reason_of([&] { expand_path_list({entry}, root()); }), HasSubstr(entry));
  }
  reason_of([&] { expand_path_list({}, root()); });
}

TEST(PathLists, ReadTheSubjectColumnOfAList) {
  const auto rows = list_rows("filename,label,subject\na.png,0, Ada \n|b,c.png|,1,Bob\nd.png\n");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].subject, "Ada");
  EXPECT_EQ(rows[1].path, "b,c.png");
  EXPECT_EQ(rows[1].subject, "Bob");
  EXPECT_EQ(rows[2].subject, "");
}

TEST(PathLists, SayThatARowIsAFolder) {
  const testing::TemporaryFolder folder;
  std::filesystem::create_directory(folder.path() / "scans");
  write_file(folder.path() / "list.csv", std::string_view("filename\nscans\n"));
  testing::expect_error(ErrorCode::kUsage, {"list.csv", "scans", "folder"},
                        [&] { expand_path_list({"list.csv"}, folder.path()); });
}

}  // namespace
}  // namespace ra

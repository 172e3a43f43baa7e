#include "ra/model/zip_records.h"

#include <gmock/gmock.h>

#include <cstring>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/model/stored_zip_writer.h"
#include "ra/testing/temporary_folder.h"

namespace ra {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string archive(const std::vector<std::pair<std::string, std::string>>& records) {
  const testing::TemporaryFolder folder;
  AtomicFile file(folder.path() / "a.zip");
  StoredZipWriter zip(file);
  for (const auto& [name, content] : records) zip.add(name, bytes_of(content));
  zip.finish();
  file.commit();
  return read_text_file(folder.path() / "a.zip");
}

std::string refusal(const std::string& file) {
  try {
    read_stored_zip(bytes_of(file));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    return error.what();
  }
  ADD_FAILURE() << "an archive that must be refused was read";
  return "";
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

TEST(ZipRecords, RoundTripKeepsNamesOrderAndContent) {
  const std::string file = archive({{"m/data.pkl", "pickle"}, {"m/data/0", std::string(1000, 'x')}, {"m/empty", ""}});
  const auto records = read_stored_zip(bytes_of(file));
  ASSERT_EQ(records.size(), 3);
  EXPECT_EQ(records[0].name, "m/data.pkl");
  EXPECT_EQ(text_of(records[0].bytes), "pickle");
  EXPECT_EQ(records[1].bytes.size(), 1000);
  EXPECT_EQ(records[2].bytes.size(), 0);
}

TEST(ZipRecords, ContentStartsAtMultiplesOf64Bytes) {
  const std::string file = archive({{"a", "1"}, {"folder/longer", "22"}, {"c", "333"}});
  for (const ZipRecord& record : read_stored_zip(bytes_of(file))) {
    EXPECT_EQ((record.bytes.data() - bytes_of(file).data()) % 64, 0) << record.name;
  }
}

TEST(ZipRecords, RefusesNamesThatLeaveTheArchive) {
  for (const char* name : {"a/../../x", "/x", "c:\\x", "..", "a//b", "./x", "a/", "a\\b"}) {
    EXPECT_THAT(refusal(archive({{name, "1"}})), ::testing::HasSubstr("leaves the archive")) << name;
  }
}

TEST(ZipRecords, RefusesANameTwice) {
  EXPECT_THAT(refusal(archive({{"a", "1"}, {"a", "2"}})), ::testing::HasSubstr("two records called 'a'"));
}

TEST(ZipRecords, RefusesAWrongChecksum) {
  EXPECT_THAT(refusal(replaced(archive({{"a", "content"}}), "content", "Content")), ::testing::HasSubstr("checksum"));
}

TEST(ZipRecords, RefusesCompressedRecords) {
  std::string file = archive({{"a", "1"}});
  file[8] = 8;  // the method in the local header: deflate
  EXPECT_THAT(refusal(file), ::testing::HasSubstr("disagrees"));
  file[file.find("PK\x01\x02") + 10] = 8;
  EXPECT_THAT(refusal(file), ::testing::HasSubstr("compressed"));
}

TEST(ZipRecords, RefusesOverlappingRecords) {
  // Both directory entries point at one record; names and checksums agree up to the second name.
  const std::string file = archive({{"a", "1"}, {"b", "1"}});
  const std::size_t second = file.rfind("PK\x01\x02");
  std::string changed = file;
  changed.replace(second + 42, 4, std::string(4, '\0'));
  EXPECT_THAT(refusal(changed), ::testing::HasSubstr("disagrees"));
}

TEST(ZipRecords, RefusesWhatIsAppended) {
  EXPECT_THAT(refusal(archive({{"a", "1"}}) + "x"), ::testing::HasSubstr("appended"));
}

TEST(ZipRecords, RefusesEveryTruncationAndSurvivesEveryChangedByte) {
  const std::string file = archive({{"a", "1"}, {"b/c", "22"}});
  for (std::size_t position = 0; position < file.size(); ++position) {
    refusal(file.substr(0, position));
    for (const int value : {0, 1, 127, 255}) {
      std::string changed = file;
      changed[position] = static_cast<char>(value);
      try {
        read_stored_zip(bytes_of(changed));
      } catch (const Error&) {
      }
    }
  }
}

}  // namespace
}  // namespace ra

"""What is Chinese on an English page says so."""

import time

import pytest

from hengneng.web.foreign_words import marked


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<p>Reported by 示例·哈密办公室 on 2015-12-31</p>", 'by <span lang="zh-CN">示例·哈密办公室</span> on'),
        (
            "<p>《通知》（新政办发〔2014〕50号）, article 3</p>",
            '<span lang="zh-CN">《通知》（新政办发〔2014〕50号）</span>, art',
        ),
        ('<p title="能耗">x</p>', '<p title="能耗">x</p>'),
        ('<p lang="zh-CN">能耗 <b>强度</b></p>', '<p lang="zh-CN">能耗 <b>强度</b></p>'),
        (
            '<div lang="zh-CN"><div>能</div>耗</div><p>强度</p>',
            '<div>能</div>耗</div><p><span lang="zh-CN">强度</span></p>',
        ),
        ("<title>能耗</title>", "<title>能耗</title>"),
        ("<script>能耗</script><textarea>强度</textarea>", "<script>能耗</script><textarea>强度</textarea>"),
        ("<option value=x>示例 office 乙</option>", '<option lang="zh-CN" value=x>示例 office 乙</option>'),
        ("<p>&lt;能耗&gt;</p>", '&lt;<span lang="zh-CN">能耗</span>&gt;'),
    ],
)
def test_pieces(page: str, expected: str) -> None:
    assert expected in marked(page)


def test_nothing_is_lost_and_the_work_grows_with_the_page() -> None:
    row = (
        '<tr><th>示例 A</th><td lang="zh-CN">原文 <b>一</b></td><td>12.5 &amp; 万吨</td><td>no Chinese here</td></tr>\n'
    )

    def seconds(rows: int) -> float:
        page = row * rows
        begin = time.perf_counter()
        done = marked(page)
        spent = time.perf_counter() - begin
        assert done.replace('<span lang="zh-CN">', "").replace("</span>", "") == page
        return spent

    seconds(100)
    assert min(seconds(4000) for _ in range(3)) < 40 * min(seconds(400) for _ in range(3))

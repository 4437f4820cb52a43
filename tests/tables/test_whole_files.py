"""Files written whole: two threads of one process that write the same file at once."""

import threading

from zhikun.disk import written_whole


def test_two_threads_that_write_the_same_file_leave_one_whole_file(tmp_path):
    path, both = tmp_path / "compared.parquet", threading.Barrier(2)
    faults = []

    def write(content):
        try:
            with written_whole(path) as beside:
                beside.write_bytes(content)
                both.wait(60)
        except OSError as error:
            faults.append(error)

    threads = [threading.Thread(target=write, args=(letter * 1000,)) for letter in (b"a", b"b")]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert faults == []
    assert path.read_bytes() in (b"a" * 1000, b"b" * 1000)
    assert [one.name for one in tmp_path.iterdir()] == [path.name]

<?php
// As spatie/laravel-backup 9 does: directories, files with their whole path, the dump in db-dumps, then the encryption of each.
[$self, $target, $tree, $dump, $name, $password] = array_pad($argv, 6, '');
$zip = new ZipArchive();
$zip->open($target, ZipArchive::CREATE | ZipArchive::OVERWRITE) === true or exit(1);
$zip->addFile($dump, "db-dumps/$name");
$zip->setCompressionName("db-dumps/$name", ZipArchive::CM_DEFAULT, 9);
$walk = new RecursiveIteratorIterator(new RecursiveDirectoryIterator($tree, FilesystemIterator::SKIP_DOTS), RecursiveIteratorIterator::SELF_FIRST);
foreach ($walk as $path => $file) {
    $inside = ltrim(substr($path, strlen($tree)), '/');
    if ($file->isDir()) { $zip->addEmptyDir($inside); }
    if ($file->isFile()) { $zip->addFile($path, $inside); $zip->setCompressionName($inside, ZipArchive::CM_DEFAULT, 9); }
}
if ($password !== '') {
    $zip->setPassword($password);
    foreach (range(0, $zip->numFiles - 1) as $i) { $zip->setEncryptionIndex($i, ZipArchive::EM_AES_256); }
}
$zip->close();

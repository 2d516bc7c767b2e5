#!/bin/sh
# Installs mongo-java-server (a MongoDB that keeps its data in memory) from Maven Central, with a small main class that
# takes the port. Run as root on Debian 12; does nothing when it is there already. About 10 s and 7 MB.
set -eu
dir="${WRITEBACK_TEST_BIN:-$HOME/.cache/writeback-test/bin}/mongo-java-server"
version=1.47.0
[ -f "$dir/TestMongo.class" ] && exit 0
if ! command -v mvn >/dev/null || ! command -v javac >/dev/null; then
  apt-get update -q
  apt-get install -yq --no-install-recommends maven default-jdk-headless
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat > "$work/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>test</groupId><artifactId>test</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>de.bwaldvogel</groupId><artifactId>mongo-java-server</artifactId><version>$version</version>
  </dependency></dependencies>
</project>
POM
# The driver refuses servers that do not say wire version 8 or later, so the version is stated here.
cat > "$work/TestMongo.java" <<JAVA
import de.bwaldvogel.mongo.MongoBackend;
import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import java.util.List;

public class TestMongo {
  public static void main(String[] args) throws Exception {
    MongoBackend backend = new MemoryBackend().version(new MongoVersion() {
      public List<Integer> getVersionArray() { return List.of(7, 0, 0); }
      public String toVersionString() { return "7.0.0"; }
      public int getWireVersion() { return 21; }
    });
    MongoServer server = new MongoServer(backend);
    server.bind("127.0.0.1", Integer.parseInt(args[0]));
    System.out.println("listening on " + server.getLocalAddress().getPort());
    while (System.in.read() >= 0) { }
    server.shutdownNow();
  }
}
JAVA
mvn -q -B -f "$work/pom.xml" dependency:copy-dependencies "-DoutputDirectory=$work/jars"
mkdir -p "$dir"
cp "$work"/jars/*.jar "$dir/"
javac -cp "$dir/*" -d "$dir" "$work/TestMongo.java"
